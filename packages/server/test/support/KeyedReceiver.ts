import { Effect, Schema } from "effect"
import { receiverWith } from "./Receiver.ts"

const Numbered = Schema.Struct({
  key: Schema.optionalKey(Schema.String),
  n: Schema.optionalKey(Schema.Int)
})
const Body = Schema.fromJsonString(Schema.Struct({ data: Numbered }))
const decode = Schema.decodeUnknownSync(Body)

/** An event as it was received: its key, its number, and its id. */
export interface Keyed {
  readonly key: string
  readonly n: number
  readonly id: string
}

/**
 * A receiver that answers each event as told, by its data and by which attempt it is, and that keeps account of
 * what is under way at a time. It takes a few milliseconds, so that what may overlap does.
 */
export const judge = Effect.fnUntraced(function* (status: (event: Keyed, attempt: number) => number) {
  const tried: Array<Keyed> = []
  const taken: Array<Keyed> = []
  const attempts = new Map<string, number>()
  const underWay = new Map<string, number>()
  let [all, most, mostOfOne] = [0, 0, 0]
  const receiver = yield* receiverWith((response, { body, headers }) => {
    const { key = "", n = 0 } = decode(body).data
    const event = { key, n, id: String(headers["webhook-id"]) }
    const attempt = (attempts.get(event.id) ?? 0) + 1
    const ofKey = (underWay.get(key) ?? 0) + 1
    attempts.set(event.id, attempt)
    underWay.set(key, ofKey)
    all += 1
    most = Math.max(most, all)
    mostOfOne = Math.max(mostOfOne, ofKey)
    tried.push(event)
    setTimeout(() => {
      const code = status(event, attempt)
      if (code < 300) taken.push(event)
      all -= 1
      underWay.set(key, (underWay.get(key) ?? 1) - 1)
      response.writeHead(code).end()
    }, 3)
  })
  const numbers = (events: ReadonlyArray<Keyed>, key: string) =>
    events.filter((event) => event.key === key).map(({ n }) => n)
  return {
    url: receiver.url,
    /** Every request, in the order in which they came. */
    tried,
    /** Those that were answered with success. */
    taken,
    triedOf: (key: string) => numbers(tried, key),
    takenOf: (key: string) => numbers(taken, key),
    /** The most requests that were under way together. */
    mostAtOnce: () => most,
    /** The most requests with one key that were. */
    mostOfOneKey: () => mostOfOne
  }
})
