/** Publishes events over HTTP, the same way to either side: each event of one endpoint's type, 500 bytes about. */
import { type Dispatcher, Pool } from "undici"
import { now } from "../Monotonic.ts"
import { type Loaded, LoaderRequest } from "../Protocol.ts"
import { hear, tell } from "./Parent.ts"

type Load = Extract<typeof LoaderRequest.Type, { readonly _tag: "Load" }>

const padding = "x".repeat(400)

/** Arrivals that the receiver told of. */
let delivered = 0
/** Goes on with those who wait because too much is on its way. */
let resume = () => {}

const load = async ({ backlog, connections, endpoints, from, key, rate, to, url }: Load): Promise<Loaded> => {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const done = Promise.withResolvers<void>()
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" }
  const result = { accepted: 0, inWindow: 0, failed: 0, firstFailure: "" }
  let sent = 0
  let waiting = 0
  let over = false
  delivered = 0

  const underWay = () => sent - result.accepted - result.failed
  const finishWhenIdle = () => {
    if (underWay() === 0) done.resolve()
  }

  const post = (at: number, next: () => void) => {
    const number = sent++
    let status = 0
    let answer = ""
    const end = () => {
      if (status === 201) {
        result.accepted += 1
        const answeredAt = now()
        if (answeredAt >= from && answeredAt < to) result.inWindow += 1
      } else {
        result.failed += 1
        if (result.firstFailure === "") result.firstFailure = `${status} ${answer}`
      }
      next()
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => {},
      onResponseStart: (_controller, code) => void (status = code),
      onResponseData: (_controller, chunk) => {
        if (status !== 201) answer += chunk.toString()
      },
      onResponseEnd: end,
      onResponseError: (_controller, error) => {
        status = 0
        answer = error.message
        end()
      }
    }
    const body = `{"type":"bench.e${number % endpoints}","data":{"number":${number},"at":${at.toFixed(3)},"padding":"${padding}"}}`
    pool.dispatch({ path: "/v1/events", method: "POST", headers, body }, handler)
  }

  /** One of those who publish at once again when they are answered, unless too much is on its way. */
  const user = () => {
    const at = now()
    if (at >= to) finishWhenIdle()
    else if (sent - result.failed - delivered >= backlog) waiting += 1
    else post(at, user)
  }
  resume = () => {
    const resuming = waiting
    waiting = 0
    for (let index = 0; index < resuming; index++) user()
  }

  /** Publishes what is due, however the answers come. An event's time is when it was due. */
  const keepPace = (dueAt: number) => {
    const at = now()
    let due = dueAt
    for (; due <= at && due < to; due += 1000 / rate) post(due, () => void (over && finishWhenIdle()))
    if (due < to) return void setTimeout(keepPace, due - at, due)
    over = true
    finishWhenIdle()
  }

  if (rate > 0) keepPace(now())
  else for (let index = 0; index < connections; index++) user()
  // Those who wait would never see the end when nothing more arrives.
  const end = setTimeout(() => resume(), Math.max(0, to - now()) + 10)
  await done.promise
  clearTimeout(end)
  resume = () => {}
  await pool.close()
  return result
}

hear(LoaderRequest, (request) => {
  if (request._tag === "Load") void load(request).then(tell)
  else {
    delivered = request.count
    resume()
  }
})
