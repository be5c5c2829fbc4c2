import { assert, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { vi } from "vitest"
import { eventually } from "./support/Eventually.ts"
import { emptyDatabase, node, postgresServer } from "./support/Nodes.ts"
import { walk } from "./support/Pages.ts"
import { type Delivered, receiver } from "./support/Receiver.ts"
import {
  clientOf,
  environment,
  launch,
  newTenant,
  ready,
  type ServiceProcess
} from "./support/ServiceProcess.ts"

// Several processes, on a machine that may have other work.
vi.setConfig({ testTimeout: 120_000 })

const server = postgresServer()

const ids = (got: ReadonlyArray<Delivered>) => got.map(({ headers }) => String(headers["webhook-id"]))

it.live.skipIf(server === undefined)(
  "three nodes: migrate once, deliver once, and take over from one that died (Postgres only)",
  () =>
    Effect.gen(function* () {
      const url = yield* emptyDatabase
      const nodes = yield* Effect.replicateEffect(node(url), 3)
      yield* Effect.forEach(nodes, ready, { concurrency: "unbounded", discard: true })
      const [a, b, c] = nodes
      assert.isDefined(a)
      assert.isDefined(b)
      assert.isDefined(c)

      const tenant = yield* newTenant(a.url, "Acme")
      // Enough endpoints that every node owns some.
      const targets = yield* Effect.replicateEffect(receiver, 8)
      yield* Effect.forEach(targets, ({ url }) =>
        tenant.client.webhooks.createOutboundWebhook({
          headers: {},
          payload: { url, eventTypes: ["count.up"] }
        })
      )
      /** Waits until every endpoint got these events and nobody is at work, and looks whether one came twice. */
      const assertDeliveredOnce = Effect.fnUntraced(function* (events: ReadonlyArray<string>) {
        yield* eventually(
          Effect.sync(() => targets.map(({ got }) => new Set(ids(got)).size)),
          (counts) => counts.every((count) => count === events.length),
          "40 seconds"
        )
        const arrived = performance.now()
        const deliveries = yield* eventually(
          walk((page) => tenant.client.webhooks.listDeliveries({ query: page }), 100),
          (items) => items.every((delivery) => delivery.state === "succeeded")
        )
        assert.deepStrictEqual(
          deliveries.filter(({ attempts }) => attempts !== 1),
          []
        )
        for (const { got } of targets) assert.sameMembers(ids(got), [...events])
        return arrived
      })

      const publish = Effect.fnUntraced(function* (services: ReadonlyArray<ServiceProcess>, count: number) {
        return yield* Effect.forEach(
          services,
          Effect.fnUntraced(function* (service) {
            const client = yield* clientOf(service.url, tenant.key)
            return yield* Effect.replicateEffect(
              client.events.publishEvent({ headers: {}, payload: { type: "count.up", data: {} } }),
              count
            )
          }),
          { concurrency: "unbounded" }
        ).pipe(Effect.map((all) => all.flat().map((event) => event.id)))
      })

      const before = yield* publish([a, b, c], 20)
      yield* assertDeliveredOnce(before)

      yield* c.kill("SIGKILL")
      yield* c.ended
      const died = performance.now()
      const after = yield* publish([a, b], 10)
      const arrived = yield* assertDeliveredOnce([...before, ...after])
      yield* Effect.log(`Everything arrived ${Math.round(arrived - died)} ms after a node was killed`)
      assert.isTrue((yield* tenant.client.audit.verifyAudit()).intact)

      // The others stop in order, with the cluster's own connections open.
      const [stopped] = yield* Effect.timed(
        Effect.forEach([a, b], (service) => Effect.andThen(service.kill("SIGTERM"), service.ended), {
          concurrency: "unbounded"
        }).pipe(
          Effect.tap((ends) =>
            Effect.sync(() =>
              assert.deepStrictEqual(
                ends.map(({ code }) => code),
                [0, 0]
              )
            )
          ),
          Effect.timeout("10 seconds")
        )
      )
      yield* Effect.log(`Two nodes stopped in ${Math.round(Duration.toMillis(stopped))} ms`)
    })
)

it.live.skipIf(server === undefined)(
  "two processes without a cluster: one delivers, and the other takes over when it dies (Postgres only)",
  () =>
    Effect.gen(function* () {
      const settings = environment({ _tag: "Postgres", url: yield* emptyDatabase })
      const first = yield* launch(settings)
      yield* ready(first)
      const second = yield* launch(settings)
      yield* ready(second)
      const tenant = yield* newTenant(second.url, "Acme")
      const target = yield* receiver
      const payload = { url: target.url, eventTypes: ["count.up"] }
      yield* tenant.client.webhooks.createOutboundWebhook({ payload })
      const publish = tenant.client.events.publishEvent({ payload: { type: "count.up", data: {} } })
      yield* Effect.replicateEffect(publish, 50, { concurrency: 10 })
      const arrived = Effect.sync(() => target.got.length)
      yield* eventually(arrived, (count) => count >= 50)
      // Once each: whoever delivers twice would have begun long before a second has gone by.
      assert.strictEqual(new Set(ids(target.got)).size, target.got.length)
      yield* first.kill("SIGKILL")
      yield* publish
      yield* eventually(arrived, (count) => count >= 51)
    }).pipe(Effect.scoped)
)
