import type { Attempt } from "@do-integrations/domain/Webhook/Delivery"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { promises as dns } from "node:dns"
import { vi } from "vitest"
import { eventually } from "./support/Eventually.ts"
import { hostilePeers } from "./support/HostilePeers.ts"
import {
  allIn,
  allOnce,
  deliveriesTo,
  detail,
  endpoint,
  fastForward,
  newTenant,
  publish
} from "./support/Outbound.ts"
import { receiver } from "./support/Receiver.ts"
import { TestService } from "./support/TestService.ts"

/** What comes of each peer: a status where it answered, and the class of the error where it failed. */
const expected: Readonly<Record<string, Pick<Attempt, "status" | "error">>> = {
  redirect: { status: 302, error: "Status" },
  silent: { error: "Timeout" },
  deaf: { error: "Timeout" },
  dripHeaders: { error: "Timeout" },
  dripBody: { error: "Timeout" },
  endlessBody: { status: 200 },
  endlessFailure: { status: 500, error: "Status" },
  gzipBomb: { status: 200 },
  badChunking: { error: "ProtocolError" },
  badStatus: { error: "ProtocolError" },
  reset: { error: "Reset" },
  resetAfterHeaders: { error: "Reset" },
  close: { error: "Reset" },
  earlyClose: { error: "Reset" },
  tooLong: { status: 200 },
  twoLengths: { error: "ProtocolError" },
  http10: { status: 200 },
  noBody: { status: 204 },
  hugeHeaders: { error: "ProtocolError" },
  continues: { error: "Reset" },
  earlyHints: { error: "Timeout" },
  answersEarly: { status: 200 },
  plain: { error: "TlsFailure" },
  closed: { error: "ConnectFailed" }
}

const retry = { type: "list", delaysSeconds: [3600, 3600] } as const

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("hostile receivers", (it) => {
  it.effect(
    "are each recorded in bounded time and memory, and delay nobody else",
    () =>
      Effect.gen(function* () {
        const { client } = yield* newTenant
        const good = yield* receiver
        const peers = yield* hostilePeers
        assert.sameMembers([...peers.keys()], Object.keys(expected))
        const settings = { timeoutSeconds: 5, retry }
        const ids = yield* Effect.forEach(peers, ([name, url]) =>
          Effect.map(endpoint(client, url, settings), ({ id }) => ({ id, name }))
        )
        const well = yield* endpoint(client, good.url, settings)
        // Large enough that a peer which does not read it leaves the sender with some of it.
        const data = { filling: "x".repeat(200_000) }
        yield* publish(client, data)
        const ended = ({ attempts }: { readonly attempts: number }) => attempts === 1
        const [received] = yield* allIn(client, well.id, "succeeded", "4 seconds")
        assert.isDefined(received)
        const before = process.memoryUsage()
        const found: Record<string, unknown> = {}
        for (const { id, name } of ids) {
          const [delivery] = yield* allOnce(client, id, ended)
          assert.isDefined(delivery)
          const [attempt] = (yield* detail(client, delivery.id)).attemptLog
          assert.isDefined(attempt)
          const { durationMs, error, responseBody = "", responseHeaders = {}, status } = attempt
          found[name] = {
            ...(status === undefined ? {} : { status }),
            ...(error === undefined ? {} : { error })
          }
          // The deadline of five seconds, and three more for a machine that has other things to do.
          assert.isAtMost(durationMs, 8000, name)
          assert.isAtMost(responseBody.length, 16 * 1024, name)
          assert.isAtMost(JSON.stringify(responseHeaders).length, 32 * 1024, name)
          const state = error === undefined ? "succeeded" : "failed"
          assert.strictEqual(delivery.state, state, name)
        }
        assert.deepStrictEqual(found, expected)
        const { arrayBuffers, external } = process.memoryUsage()
        assert.isBelow(arrayBuffers + external - before.arrayBuffers - before.external, 64 * 1024 * 1024)

        // While all of them misbehave once more, the good one gets its own at once.
        yield* Effect.forEach(ids, ({ id }) => fastForward(id))
        yield* publish(client, data)
        const [took] = yield* Effect.timed(
          eventually(
            Effect.sync(() => good.got.length),
            (got) => got === 2
          )
        )
        assert.isBelow(Duration.toMillis(took), 4000)
        for (const { id, name } of ids) {
          if (expected[name]?.error === undefined) continue
          yield* eventually(deliveriesTo(client, id), (all) => all[0]?.attempts === 2)
        }
      }),
    { timeout: 60_000 }
  )
})

/** Answers for names of the tests; any other does not exist. */
const resolving = (answers: (hostname: string) => ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => [
      vi
        .spyOn(dns.Resolver.prototype, "resolve4")
        .mockImplementation((hostname: string) => Promise.resolve([...answers(hostname)])),
      vi.spyOn(dns.Resolver.prototype, "resolve6").mockImplementation(() => Promise.resolve([]))
    ]),
    (spies) => Effect.sync(() => spies.forEach((spy) => spy.mockRestore()))
  )

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("rebinding DNS", (it) => {
  it.effect("is caught at the first attempt and at retries", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* receiver
      const { port } = new URL(target.url)
      // The loopback is the one network that these tests allow; 10.0.0.5 stands for what is private.
      const answers: Record<string, string> = { "first.test": "127.0.0.1", "later.test": "127.0.0.1" }
      yield* resolving((hostname) => [answers[hostname] ?? "10.0.0.5"])
      const at = (name: string, eventType: string) =>
        endpoint(client, `http://${name}:${port}/`, { eventTypes: [eventType], retry })
      const denied = yield* Effect.flip(at("private.test", "a.b"))
      assert.match(JSON.stringify(denied), /private/)
      const first = yield* at("first.test", "invoice.*")
      const later = yield* at("later.test", "order.*")

      answers["first.test"] = "10.0.0.5"
      yield* publish(client)
      const [refused] = yield* allIn(client, first.id, "failed")
      assert.isDefined(refused)
      const { attemptLog } = yield* detail(client, refused.id)
      assert.deepStrictEqual(
        attemptLog.map(({ error, status }) => [error, status]),
        [["EgressDenied", undefined]]
      )

      // The next one fails where it is, and has moved by its retry.
      yield* Effect.sync(() => target.close())
      yield* client.events.publishEvent({ headers: {}, payload: { type: "order.made", data: {} } })
      yield* allIn(client, later.id, "failed")
      answers["later.test"] = "169.254.169.254"
      yield* fastForward(later.id)
      const [moved] = yield* allOnce(client, later.id, ({ attempts }) => attempts === 2)
      assert.isDefined(moved)
      assert.deepStrictEqual(
        (yield* detail(client, moved.id)).attemptLog.map(({ error }) => error),
        ["ConnectFailed", "EgressDenied"]
      )
      assert.strictEqual(target.got.length, 0)
    })
  )
})
