import type { Database } from "@do-integrations/server/Config"
import * as Sql from "@do-integrations/server/Sql"
import { rowsOf } from "@do-integrations/server/Sql/Rows"
import { Array as Arr, Console, Effect, Redacted, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Pool } from "undici"
import { BenchFailure } from "./BenchFailure.ts"
import * as Databases from "./Databases.ts"
import { inversionsIn } from "./Inversions.ts"
import { now } from "./Monotonic.ts"
import { paged, pageSize } from "./Pages.ts"
import * as Recorder from "./Recorder.ts"
import { type Arrival, obliging } from "./RecorderProtocol.ts"
import { printMachine, printResult } from "./Report.ts"
import * as Service from "./Service.ts"

/** The share of the events whose first attempt fails. */
const failFirst = 0.2

/** Seconds until an event that failed is tried again. */
const delaySeconds = 1

/** Requests that publish at a time. */
const connections = 64

/** How long nothing may arrive before the benchmark gives up, in milliseconds. */
const patience = 60_000

/** What is published. */
export interface Options {
  readonly events: number
  readonly keys: number
}

const Place = Schema.Struct({
  id: Schema.String,
  eventId: Schema.String,
  sequence: Schema.Int,
  orderingKey: Schema.String
})

/** Publishes the events, the keys in turn. */
const publishAll = Effect.fnUntraced(function* (
  url: string,
  key: Redacted.Redacted,
  { events, keys }: Options
) {
  const pool = yield* Effect.acquireRelease(
    Effect.sync(() => new Pool(url, { connections })),
    (pool) => Effect.promise(() => pool.destroy())
  )
  const headers = { authorization: `Bearer ${Redacted.value(key)}`, "content-type": "application/json" }
  const publish = (number: number) =>
    Effect.tryPromise(async () => {
      const data = { key: `k${number % keys}`, number, padding: "x".repeat(300) }
      const body = JSON.stringify({ type: "bench.ordered", data })
      const answer = await pool.request({ path: "/v1/events", method: "POST", headers, body })
      const text = await answer.body.text()
      return answer.statusCode === 201 ? undefined : text
    }).pipe(
      Effect.flatMap((refusal) =>
        refusal === undefined
          ? Effect.void
          : new BenchFailure({ problem: `An event was refused: ${refusal}` })
      )
    )
  yield* Effect.forEach(Arr.range(0, events - 1), publish, { concurrency: connections, discard: true })
}, Effect.scoped)

/** Waits until every event was taken. */
const awaitTaken = Effect.fnUntraced(function* (
  { news }: Recorder.Recorder,
  arrivals: Array<Arrival>,
  { events }: Options
) {
  const taken = new Set<string>()
  let last = now()
  yield* news.pipe(
    Effect.tap((some) =>
      Effect.gen(function* () {
        if (some.length > 0) last = now()
        for (const arrival of some) {
          arrivals.push(arrival)
          if (arrival.accepted) taken.add(arrival.webhookId)
        }
        if (now() - last > patience) {
          return yield* new BenchFailure({ problem: `Only ${taken.size} of ${events} arrived` })
        }
      })
    ),
    Effect.repeat({ schedule: Schedule.spaced("200 millis"), until: () => taken.size >= events })
  )
})

/** Where each delivery stands in the order, and how many are not settled, in a database that nobody has open. */
const placesIn = (database: Database) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const places = rowsOf(Place)
    const left = yield* sql`SELECT delivery_id FROM undelivered LIMIT 1`
    const all = yield* paged((after) =>
      sql`
        SELECT id, event_id, sequence, ordering_key FROM deliveries
        WHERE id > ${after} ORDER BY id LIMIT ${pageSize}`.pipe(Effect.flatMap(places))
    )
    return { places: all, settled: left.length === 0 }
  }).pipe(Effect.provide(Sql.layer(database)))

/**
 * Events of many keys to one ordered endpoint that fails one in five at first: none comes before one of its key with
 * an earlier sequence, and none is lost.
 */
export const order = Effect.fnUntraced(function* (server: Redacted.Redacted | undefined, options: Options) {
  const { events, keys } = options
  yield* printMachine
  yield* Console.log(
    `${events} events of ${keys} keys, published at ${connections} connections to one ordered endpoint. ` +
      `${100 * failFirst}% fail at first and are tried again after ${delaySeconds} s.`
  )
  const database = yield* server === undefined ? Databases.embedded : Databases.onServer(server)
  const recorder = yield* Recorder.start([{ ...obliging, failFirst }])
  const arrivals: Array<Arrival> = []

  const seconds = yield* Effect.gen(function* () {
    const { ended, url } = yield* Service.start(database)
    const { key } = yield* Service.newTenant(url)
    const client = yield* Service.clientFor(url, { key })
    yield* client.webhooks.createOutboundWebhook({
      headers: {},
      payload: {
        url: recorder.urls[0] ?? "",
        eventTypes: ["bench.*"],
        ordering: { key: "key", whenExhausted: "block" },
        retry: { type: "list", delaysSeconds: Array.from({ length: 5 }, () => delaySeconds) },
        concurrency: 100
      }
    })
    const began = now()
    const publishing = Effect.tap(publishAll(url, key, options), () =>
      Console.log(`  published in ${((now() - began) / 1000).toFixed(1)} s`)
    )
    yield* Effect.all([publishing, awaitTaken(recorder, arrivals, options)], {
      concurrency: "unbounded",
      discard: true
    }).pipe(Effect.raceFirst(ended))
    return (now() - began) / 1000
  }).pipe(Effect.scoped)

  const { places, settled } = yield* placesIn(database)
  const inversions = inversionsIn(arrivals, places)
  for (const inversion of inversions.slice(0, 10)) yield* Console.error(`FAULT  ${inversion}`)
  const taken = new Set(arrivals.flatMap(({ accepted, webhookId }) => (accepted ? [webhookId] : [])))
  const lost = places.filter(({ eventId }) => !taken.has(eventId)).length
  yield* printResult(
    {
      name: "order",
      ours: Math.round(events / seconds),
      baseline: null,
      ratio: null,
      unit: "deliveries/s",
      database: server === undefined ? "embedded" : "postgres",
      ...options,
      seconds: Number(seconds.toFixed(1)),
      attempts: arrivals.length,
      failed: arrivals.filter(({ accepted }) => !accepted).length,
      inversions: inversions.length,
      lost,
      settled
    },
    inversions.length === 0 && lost === 0 && settled && places.length === events
  )
}, Effect.scoped)
