import { assert, describe, it } from "@effect/vitest"
import { Position } from "@do-integrations/domain/Event"
import { Duration, Effect, Exit, Fiber, Option, Redacted, Schedule, Stream } from "effect"
import { connect } from "node:net"
import { inject, vi } from "vitest"
import { eventually } from "./support/Eventually.ts"
import { eventsOfType } from "./support/Pages.ts"
import { receiverWith } from "./support/Receiver.ts"
import {
  clientOf,
  environment,
  launch,
  newTenant,
  ready,
  type ServiceProcess,
  start
} from "./support/ServiceProcess.ts"
import * as TestDatabase from "./support/TestDatabase.ts"

// Whole processes, on a machine that may have other work.
vi.setConfig({ testTimeout: 120_000 })

const embedded = inject("testDatabase")._tag === "Embedded"

/** A request to publish `late.one` that is begun, and ended when told so. */
const halfRequest = (url: string, key: Redacted.Redacted) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly finish: () => void
      readonly answer: () => string
      readonly closed: () => boolean
      readonly destroy: () => void
    }>((resume) => {
      const { hostname, port } = new URL(url)
      const body = '{"type":"late.one","data":{}}'
      const head = [
        "POST /v1/events HTTP/1.1",
        "host: service",
        `authorization: Bearer ${Redacted.value(key)}`,
        "content-type: application/json",
        `content-length: ${body.length}`
      ]
      const chunks: Array<Buffer> = []
      const socket = connect(Number(port), hostname, () => {
        socket.write(`${head.join("\r\n")}\r\n\r\n${body.slice(0, 5)}`)
        resume(
          Effect.succeed({
            finish: () => void socket.write(body.slice(5)),
            answer: () => Buffer.concat(chunks).toString(),
            closed: () => socket.closed,
            destroy: () => void socket.destroy()
          })
        )
      })
      socket.on("error", () => {}).on("data", (chunk) => chunks.push(chunk))
    }),
    ({ destroy }) => Effect.sync(destroy)
  )

/** The longest that a stop may take. */
const patience = Duration.seconds(20)

/** Stops it as an orchestrator does, and answers how that went. */
const stop = Effect.fnUntraced(function* (service: ServiceProcess) {
  const [took, ended] = yield* Effect.andThen(service.kill("SIGTERM"), service.ended).pipe(
    Effect.timeout(patience),
    Effect.timed
  )
  return { ...ended, took: Duration.toMillis(took) }
})

describe("start", () => {
  it.live("is ready within seconds on a database that exists", () =>
    Effect.gen(function* () {
      const service = yield* launch(environment(yield* TestDatabase.fresh))
      const [took] = yield* Effect.timed(ready(service))
      yield* Effect.log(`Ready after ${Math.round(Duration.toMillis(took))} ms`)
      // Two on a machine with nothing else to do.
      assert.isBelow(Duration.toSeconds(took), 25)
      assert.include(service.output(), "Listening on")
    })
  )

  it.live.skipIf(!embedded)("refuses a data directory that another process has open (embedded only)", () =>
    Effect.gen(function* () {
      const env = environment(yield* TestDatabase.fresh)
      const first = yield* start(env)
      const second = yield* launch(env)
      assert.deepStrictEqual(yield* second.ended, { code: 1, signal: null })
      assert.match(second.output(), /The data directory \S+ is in use by process \d+\. Stop it first/)
      yield* first.kill("SIGKILL")
      yield* first.ended
      yield* start(env)
    })
  )

  it.live("says in one line which setting is wrong", () =>
    Effect.gen(function* () {
      const { EGRESS_ALLOW, MASTER_KEYS, ROOT_API_KEY } = environment(yield* TestDatabase.fresh)
      const server = "postgres://nobody:sesame@127.0.0.1:1/none"
      const key = Buffer.alloc(32, 9).toString("base64")
      const base = {
        EGRESS_ALLOW: EGRESS_ALLOW ?? "",
        MASTER_KEYS: MASTER_KEYS ?? "",
        ROOT_API_KEY: ROOT_API_KEY ?? ""
      }
      const { MASTER_KEYS: _m, ...noMaster } = base
      const { ROOT_API_KEY: _r, ...noRoot } = base
      const cases: ReadonlyArray<readonly [Record<string, string>, RegExp]> = [
        [{ ...base, PORT: "many" }, /PORT: Expected/],
        [
          { ...base, DATABASE_URL: server },
          /Postgres at 127\.0\.0\.1:1\/none \(DATABASE_URL\) cannot be used/
        ],
        [
          { ...base, DATABASE_URL: server, ROOT_API_KEY: "short" },
          /ROOT_API_KEY: is shorter than 32 characters/
        ],
        [{ ...base, DATABASE_URL: server, MASTER_KEYS: `a:${key.slice(4)}` }, /MASTER_KEYS: /],
        [{ ...noMaster, DATABASE_URL: server }, /MASTER_KEYS: is required with DATABASE_URL/],
        [{ ...noRoot, DATABASE_URL: server }, /ROOT_API_KEY: is required with DATABASE_URL/]
      ]
      yield* Effect.forEach(
        cases,
        Effect.fnUntraced(function* ([env, expected]) {
          const directory = yield* TestDatabase.temporaryDirectory
          const service = yield* launch({ DATA_DIR: `${directory}/data`, ...env })
          assert.deepStrictEqual(yield* service.ended, { code: 1, signal: null }, String(expected))
          assert.match(service.output(), expected)
          assert.isAtMost(service.output().trim().split("\n").length, 2, service.output())
          for (const secret of ["sesame", key.slice(4)]) assert.notInclude(service.output(), secret)
        }),
        { concurrency: 2, discard: true }
      )
    })
  )

  it.live("refuses a database whose data keys open under another master key", () =>
    Effect.gen(function* () {
      const env = environment(yield* TestDatabase.fresh)
      const first = yield* start(env)
      yield* newTenant(first.url, "Acme")
      yield* stop(first)
      const other = `test:${Buffer.alloc(32, 8).toString("base64")}`
      const second = yield* launch({ ...env, MASTER_KEYS: other })
      assert.deepStrictEqual(yield* second.ended, { code: 1, signal: null })
      assert.match(second.output(), /MASTER_KEYS/)
    })
  )
})

describe("SIGTERM", () => {
  it.live("finishes what runs, ends streams, takes no more and exits with 0", () =>
    Effect.gen(function* () {
      const env = environment(yield* TestDatabase.fresh)
      const service = yield* start(env)
      const { client, key } = yield* newTenant(service.url, "Acme")
      const seen: Array<string> = []
      const stream = yield* Stream.unwrap(
        client.events.streamEvents({
          headers: { "last-event-id": Position.make("0-0") },
          query: { type: "slow.one" }
        })
      ).pipe(
        Stream.runForEach(({ data }) => Effect.sync(() => seen.push(data.id))),
        Effect.exit,
        Effect.forkScoped
      )
      const slow = yield* receiverWith((response) => {
        setTimeout(() => response.writeHead(200).end("done"), 1000)
      })
      const endpoint = yield* client.webhooks.createOutboundWebhook({
        headers: {},
        payload: { url: slow.url, eventTypes: ["slow.*"] }
      })
      // More than are under way at a time, or could be delivered while the service stops.
      const total = 100
      const publish = client.events.publishEvent({ headers: {}, payload: { type: "slow.one", data: {} } })
      const published = yield* Effect.replicateEffect(publish, total, { concurrency: 8 })
      yield* eventually(
        Effect.sync(() => slow.got.length > 16 && seen.length > 0),
        (underWay) => underWay
      )
      const late = yield* halfRequest(service.url, key)
      const begun = slow.got.length
      const stopping = yield* Effect.forkChild(stop(service))
      yield* eventually(Effect.option(Effect.tryPromise(() => fetch(`${service.url}/healthz`))), (answer) =>
        Option.isNone(answer)
      )
      late.finish()
      const { code, signal, took } = yield* Fiber.join(stopping)
      yield* Effect.log(`Stopped after ${Math.round(took)} ms`)
      assert.deepStrictEqual({ code, signal }, { code: 0, signal: null }, service.output())
      assert.match(late.answer(), /^HTTP\/1\.1 201 /)
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(stream)))
      assert.includeMembers(
        published.map(({ id }) => String(id)),
        seen
      )
      // At most those that were under way, and began while the signal was.
      assert.isAtMost(slow.got.length, begun + 16)

      const again = yield* start(env)
      const after = yield* clientOf(again.url, key)
      const deliveries = yield* eventually(
        after.webhooks.listDeliveries({ query: { webhookId: endpoint.id, limit: 100 } }),
        ({ items }) => items.every((one) => one.state === "succeeded"),
        "30 seconds"
      )
      assert.isTrue(deliveries.items.every(({ attempts }) => attempts === 1))
      assert.sameMembers(
        slow.got.map(({ headers }) => headers["webhook-id"]),
        published.map(({ id }) => id)
      )
      yield* eventually(eventsOfType(after, "late.one"), (all) => all.length === 1)
    })
  )

  it.live("does not wait for peers that never finish, and loses nothing that it answered", () =>
    Effect.gen(function* () {
      const env = environment(yield* TestDatabase.fresh)
      const service = yield* start(env)
      const { client, key } = yield* newTenant(service.url, "Acme")
      const silent = yield* receiverWith(() => {})
      yield* client.webhooks.createOutboundWebhook({
        headers: {},
        payload: { url: silent.url, eventTypes: ["never.*"] }
      })
      yield* client.events.publishEvent({ headers: {}, payload: { type: "never.ends", data: {} } })
      yield* eventually(
        Effect.sync(() => silent.got.length),
        (count) => count === 1
      )
      const half = yield* halfRequest(service.url, key)
      const answered: Array<string> = []
      const load = yield* client.events
        .publishEvent({ headers: {}, payload: { type: "load.one", data: {} } })
        .pipe(
          Effect.tap(({ id }) => Effect.sync(() => answered.push(id))),
          Effect.repeat(Schedule.spaced("2 millis")),
          Effect.exit,
          Effect.replicateEffect(4, { concurrency: "unbounded", discard: true }),
          Effect.forkScoped
        )
      yield* eventually(
        Effect.sync(() => answered.length),
        (count) => count > 50
      )
      const { code, signal, took } = yield* stop(service)
      yield* Effect.log(`Stopped after ${Math.round(took)} ms`)
      assert.deepStrictEqual({ code, signal }, { code: 0, signal: null }, service.output())
      yield* Fiber.join(load)
      assert.isTrue(half.closed())

      const again = yield* start(env)
      const after = yield* clientOf(again.url, key)
      yield* eventually(eventsOfType(after, "load.one"), (kept) => {
        const ids = new Set<string>(kept.map((event) => event.id))
        return answered.every((id) => ids.has(id))
      })
    })
  )
})
