import type { Identity } from "@do-integrations/domain/ApiKey"
import { Position } from "@do-integrations/domain/Event"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { assert, it, layer } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer, Random, Redacted, Schema, Stream } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { inject } from "vitest"
import { EventLog } from "../src/EventLog.ts"
import { keepAlive } from "../src/Http/KeepAlive.ts"
import { newInboundWebhookId } from "../src/Ids.ts"
import { eventually } from "./support/Eventually.ts"
import * as TestDatabase from "./support/TestDatabase.ts"
import { TestService } from "./support/TestService.ts"

const postgres = inject("testDatabase")._tag === "Postgres"

const beginning = Position.make("0-0")

const callerOf = (tenantId: TenantId, keyId: Identity["keyId"]): Identity => ({
  tenantId,
  keyId,
  scopes: new Set(),
  customerId: undefined
})

const pause = (millis: number) =>
  Effect.flatMap(Random.nextIntBetween(0, millis), (time) => Effect.sleep(Duration.millis(time)))

const decodeEntries = Schema.decodeUnknownEffect(
  Schema.Array(Schema.Struct({ position: Position, source: Schema.String }))
)

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("the event log", (it) => {
  it.effect("skips nothing for readers that resume while slow transactions commit out of order", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const log = yield* EventLog
      const sql = yield* SqlClient.SqlClient
      const { apiKey, tenant } = yield* service.tenant("Acme")
      const caller = callerOf(tenant.id, apiKey.id)
      // One connection does everything in turn; more of it would only take longer.
      const [writers, transactions, readers] = postgres ? [8, 12, 6] : [4, 8, 4]
      const webhookId = yield* newInboundWebhookId
      const committed: Array<string> = []

      // The transaction's id is older than its first row, and its last row older than its commit.
      const write = Effect.fnUntraced(function* (source: string) {
        const event = (part: string) => ({
          type: "webhook:received" as const,
          data: { webhookId, source: `${source} ${part}` },
          tenantId: tenant.id
        })
        yield* Effect.gen(function* () {
          yield* sql`SELECT pg_current_xact_id()::text`
          yield* pause(20)
          yield* log.record(event("a"), event("b"))
          yield* pause(20)
          yield* log.record(event("c"))
          yield* pause(20)
        }).pipe(sql.withTransaction)
        committed.push(source)
      })
      const writing = Effect.forEach(
        Array.from({ length: writers }, (_, index) => index),
        (writer) =>
          Effect.forEach(
            Array.from({ length: transactions }, (_, index) => index),
            (number) => write(`${writer}.${number}`),
            { discard: true }
          ),
        { concurrency: "unbounded", discard: true }
      )

      const total = writers * transactions * 3
      const read = Effect.gen(function* () {
        const seen: Array<Position> = []
        while (seen.length < total) {
          const count = yield* Random.nextIntBetween(1, 30)
          yield* log.stream(caller, {}, seen.at(-1) ?? beginning).pipe(
            Stream.take(Math.min(count, total - seen.length)),
            Stream.runForEach(({ position }) => Effect.sync(() => seen.push(position)))
          )
          yield* pause(10)
        }
        return seen
      })
      const reading = Effect.replicateEffect(read, readers, { concurrency: "unbounded" })
      const [seen] = yield* Effect.all([reading, writing], { concurrency: "unbounded" }).pipe(
        Effect.timeout("20 seconds")
      )

      const rows = yield* sql`
        SELECT xid::text || '-' || sequence AS position, data::json ->> 'source' AS source FROM events
        WHERE tenant_id = ${tenant.id} ORDER BY xid, sequence`
      const entries = yield* decodeEntries(rows)
      const positions = entries.map((row) => row.position)
      assert.strictEqual(positions.length, total)
      for (const one of seen) assert.deepStrictEqual(one, positions)
      const begun = entries
        .filter(({ source }) => source.endsWith(" a"))
        .map(({ source }) => source.slice(0, -2))
      // The test is worth something only where commits overtake one another.
      if (postgres) assert.notDeepEqual(begun, committed)
      else assert.deepStrictEqual(begun, committed)
    })
  )

  it.effect("resumes over HTTP after the last event that came", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { client } = yield* service.tenant("Acme")
      const total = 40
      const published: Array<string> = []
      const publishing = yield* Effect.forEach(
        Array.from({ length: total }, (_, number) => number),
        (number) =>
          Effect.tap(
            client.events.publishEvent({ headers: {}, payload: { type: "count.up", data: { number } } }),
            ({ id }) => Effect.sync(() => published.push(id))
          ),
        { discard: true }
      ).pipe(Effect.forkScoped)
      const seen: Array<{ readonly id: string; readonly position: Position }> = []
      while (seen.length < total) {
        const headers = { "last-event-id": seen.at(-1)?.position ?? beginning }
        yield* Stream.unwrap(client.events.streamEvents({ headers, query: { type: "count.up" } })).pipe(
          Stream.take(Math.min(7, total - seen.length)),
          Stream.runForEach(({ data, id }) => Effect.sync(() => seen.push({ id: data.id, position: id }))),
          Effect.timeout("20 seconds")
        )
      }
      yield* Fiber.join(publishing)
      assert.deepStrictEqual(
        seen.map(({ id }) => id),
        published
      )
    })
  )

  it.effect("tells a client at once that it is connected, before anything happens", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey } = yield* service.tenant("Acme")
      const aborted = yield* Effect.acquireRelease(
        Effect.sync(() => new AbortController()),
        (controller) => Effect.sync(() => controller.abort())
      )
      const response = yield* Effect.promise(() =>
        fetch(`${service.url}/v1/events/stream`, {
          headers: { authorization: `Bearer ${Redacted.value(apiKey.secret)}` },
          signal: aborted.signal
        })
      ).pipe(Effect.timeout("20 seconds"))
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
      const chunk = yield* Effect.promise(async () => response.body?.getReader().read())
      assert.strictEqual(new TextDecoder().decode(chunk?.value), ":\n\n")
    })
  )
})

it.effect("says something on a quiet stream every 15 seconds", () =>
  Effect.gen(function* () {
    const response = HttpServerResponse.stream(Stream.never, { contentType: "text/event-stream" })
    const request = HttpServerRequest.fromWeb(new Request("http://127.0.0.1/v1/events/stream"))
    const { body } = yield* keepAlive(request, response)
    assert.strictEqual(body._tag, "Stream")
    const said: Array<string> = []
    if (body._tag === "Stream") {
      yield* body.stream.pipe(
        Stream.runForEach((bytes) => Effect.sync(() => said.push(new TextDecoder().decode(bytes)))),
        Effect.forkScoped
      )
    }
    yield* TestClock.adjust(0)
    assert.deepStrictEqual(said, [":\n\n"])
    for (const times of [2, 3, 4]) {
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(said.join(""), ":\n\n".repeat(times))
    }
  })
)

it.live.skipIf(!postgres)("carries an event from one node to a stream on another (Postgres only)", () =>
  Effect.gen(function* () {
    const database = yield* TestDatabase.fresh
    const node = Effect.map(Layer.build(Layer.fresh(TestService.layerWith({ database }))), (context) =>
      Context.get(context, TestService)
    )
    const [a, b] = [yield* node, yield* node]
    const { apiKey, client } = yield* a.tenant("Acme")
    const elsewhere = yield* b.client(apiKey.secret)
    const arrivals = new Map<string, number>()
    yield* Stream.unwrap(
      elsewhere.events.streamEvents({ headers: { "last-event-id": beginning }, query: {} })
    ).pipe(
      Stream.runForEach(({ data }) => Effect.sync(() => arrivals.set(data.id, performance.now()))),
      Effect.forkScoped
    )
    const latencies: Array<number> = []
    for (let number = 0; number < 20; number++) {
      const event = yield* client.events.publishEvent({
        headers: {},
        payload: { type: "count.up", data: { number } }
      })
      const answered = performance.now()
      yield* eventually(
        Effect.sync(() => arrivals.get(event.id)),
        (arrived) => arrived !== undefined
      )
      latencies.push((arrivals.get(event.id) ?? Infinity) - answered)
    }
    const median = latencies.toSorted((one, other) => one - other)[10] ?? Infinity
    yield* Effect.log(`From node to node in ${Math.round(median)} ms (median)`)
    assert.isBelow(median, 10_000)
  })
)
