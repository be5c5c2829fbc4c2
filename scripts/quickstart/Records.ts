import { DateTime, Effect, Schedule } from "effect"
import { check, heading, Surprise, table } from "./Report.ts"
import type { Scene } from "./SetUp.ts"

/** For what is done a moment after the answer. */
const soon = { schedule: Schedule.spaced("50 millis"), times: 200 }

/** The event log: what the platform published, in its order. */
export const showEvents = Effect.fnUntraced(function* ({ client, events }: Scene) {
  yield* heading("The tenant's events, in the order of the log")
  const expected = [
    "integration:connected",
    "webhook:sent",
    ...events.map(() => "webhook:received")
  ].toSorted()
  const { items } = yield* client.events
    .listEvents({ query: { limit: 100 } })
    .pipe(Effect.repeat({ ...soon, until: ({ items }) => items.length >= expected.length }))
  const log = items.toReversed()
  yield* table(log.map(({ data, position, type }) => [position, type, JSON.stringify(data)]))
  const types = log.map(({ type }) => type).toSorted()
  yield* check(`${log.length} events, no more and no fewer`, types.join() === expected.join(), types)
})

/** Every delivery succeeded; one is shown with its attempts. */
export const showDelivery = Effect.fnUntraced(function* ({ client, endpoint, events }: Scene) {
  yield* heading("One delivery with its attempts")
  const { items } = yield* client.webhooks
    .listDeliveries({ query: { webhookId: endpoint.id, state: "succeeded", limit: 100 } })
    .pipe(Effect.repeat({ ...soon, until: ({ items }) => items.length > events.length }))
  const [newest] = items
  if (newest === undefined) return yield* new Surprise({ claim: "deliveries succeed", found: "none did" })
  const { attemptLog, ...delivery } = yield* client.webhooks.getDelivery({ params: { id: newest.id } })
  yield* table([
    ["delivery", delivery.id, delivery.eventType, delivery.state],
    ...attemptLog.map(({ at, durationMs, id, number, status }) => [
      `attempt ${number}`,
      id,
      DateTime.formatIso(at),
      `${status ?? "no answer"} after ${durationMs} ms`
    ])
  ])
  yield* check(
    "its one attempt was answered 204",
    attemptLog.map(({ status }) => status).join() === "204",
    attemptLog
  )
  yield* check(
    `all ${items.length} deliveries succeeded at the first attempt`,
    items.length === events.length + 1 && items.every(({ attempts }) => attempts === 1),
    items.map(({ attempts, eventType, state }) => ({ attempts, eventType, state }))
  )
})

/** Who did what, chained by hash. */
export const showAudit = Effect.fnUntraced(function* ({ client }: Scene) {
  yield* heading("The audit log, chained by hash")
  const chain = yield* client.audit
    .verifyAudit()
    .pipe(Effect.repeat({ ...soon, until: ({ unsealed }) => unsealed === 0 }))
  const { items } = yield* client.audit.listAudit({ query: { limit: 100 } })
  const entries = items.toReversed()
  yield* table(
    entries.map(({ action, hash = "", number, target }) => [
      String(number),
      action,
      target,
      `${hash.slice(0, 16)}...`
    ])
  )
  yield* check(
    `the chain of ${chain.sealed} entries is intact`,
    chain.intact && chain.unsealed === 0 && chain.sealed === entries.length && chain.head === items[0]?.hash,
    chain
  )
})
