import { Receipt } from "@do-integrations/domain/Webhook/Inbound/Message"
import { Array as Arr, DateTime, Effect, Random, Schedule, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { BenchFailure } from "../../../bench/BenchFailure.ts"
import { headersOf, messageOf, orderedNonce } from "./Messages.ts"
import { webhooks } from "./Webhooks.ts"

/** What a message was answered, however often it was sent. */
export interface Answers {
  readonly webhook: number
  /** The ids of the answers that said it was new. */
  readonly ids: Array<string>
  /** How many said that it was not. */
  duplicates: number
}

/** What was answered with 2xx, and so may never be lost. */
export interface Ledger {
  readonly answers: Map<string, Answers>
  /** By webhook, the nonces of messages that no answer came for; they are sent again, as the same. */
  readonly unanswered: ReadonlyArray<Array<string>>
  /** By webhook, those that were answered. */
  readonly answered: ReadonlyArray<Array<string>>
  /** The next number of each key of the order. */
  readonly next: Map<string, number>
}

export const newLedger = (): Ledger => ({
  answers: new Map(),
  unanswered: webhooks.map(() => []),
  answered: webhooks.map(() => []),
  next: new Map()
})

/** Senders to a webhook without an order. */
const senders = 4

/** Keys of the order, each with a sender of its own. */
const keys = 10

/** Pause between two requests of one sender: a load that one core can carry, so that what waits is what a kill left. */
const pace = Schedule.spaced("60 millis")

/** The same of a key's sender: a message that is refused holds up those behind it for a second. */
const orderedPace = Schedule.spaced("300 millis")

/** The share of the requests that repeat what was answered before, and of the messages that are sent twice at once. */
const repeatedShare = 0.1

const decodeReceipt = Schema.decodeUnknownEffect(Receipt)

/** Sends messages to the addresses of the webhooks and keeps account of the answers. */
const makePost = (addresses: ReadonlyArray<string>, { answered, answers }: Ledger) =>
  Effect.fnUntraced(function* (webhook: number, nonce: string) {
    const message = messageOf(nonce)
    const now = yield* DateTime.nowAsDate
    const response = yield* Effect.tryPromise((signal) =>
      fetch(addresses[webhook] ?? "", {
        method: "POST",
        body: message.body,
        signal,
        headers: headersOf(webhooks[webhook]?.scheme ?? "standard", nonce, message, now)
      })
    )
    if (!response.ok) return yield* new BenchFailure({ problem: `A sender was answered ${response.status}` })
    const { duplicate, id } = yield* decodeReceipt(yield* Effect.tryPromise(() => response.json()))
    const known = answers.get(nonce)
    const answer = known ?? { webhook, ids: [], duplicates: 0 }
    if (known === undefined) {
      answers.set(nonce, answer)
      answered[webhook]?.push(nonce)
    }
    if (duplicate) answer.duplicates += 1
    else answer.ids.push(id ?? "none")
  })

/** One of this many, now and then. */
const repeated = <A>(all: ReadonlyArray<A>) =>
  Effect.gen(function* () {
    if ((yield* Random.next) >= repeatedShare) return undefined
    return all[Math.floor((yield* Random.next) * all.length)]
  })

/**
 * Sends until something breaks. Each sender ends with its first failure, which `failed` is told of.
 *
 * @param addresses where the webhooks take messages, by their numbers
 */
export const send = (
  addresses: ReadonlyArray<string>,
  ledger: Ledger,
  failed: (error: unknown) => void
): Effect.Effect<void> => {
  const post = makePost(addresses, ledger)

  const anything = Effect.fnUntraced(function* (webhook: number) {
    const unanswered = ledger.unanswered[webhook] ?? []
    const earlier = yield* repeated(ledger.answered[webhook] ?? [])
    const nonce = unanswered.shift() ?? earlier ?? randomUUID()
    const copies = (yield* Random.next) < repeatedShare ? 2 : 1
    yield* Effect.replicateEffect(post(webhook, nonce), copies, { concurrency: copies, discard: true }).pipe(
      Effect.onError(() => Effect.sync(() => void unanswered.push(nonce)))
    )
  })

  const inOrder = Effect.fnUntraced(function* (webhook: number, key: string) {
    const number = ledger.next.get(key) ?? 1
    yield* post(webhook, orderedNonce(key, number))
    ledger.next.set(key, number + 1)
    const earlier = yield* repeated(ledger.answered[webhook] ?? [])
    if (earlier !== undefined) yield* post(webhook, earlier)
  })

  const all = webhooks.flatMap(({ ordered }, webhook) =>
    ordered
      ? Arr.makeBy(keys, (key) => Effect.repeat(inOrder(webhook, `k${key}`), orderedPace))
      : Arr.makeBy(senders, () => Effect.repeat(anything(webhook), pace))
  )
  return Effect.forEach(
    all,
    Effect.catch((error) => Effect.sync(() => failed(error))),
    {
      concurrency: "unbounded",
      discard: true
    }
  )
}
