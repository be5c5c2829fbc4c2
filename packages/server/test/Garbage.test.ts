import { CustomerId } from "@do-integrations/domain/Tenant"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { canary, type Canary, sightings } from "./support/Canaries.ts"
import { furnish } from "./support/Furnished.ts"
import { chooser, garbageFor, Ingredients } from "./support/Garbage.ts"
import { type Operation, operations } from "./support/OpenApiDocument.ts"
import { problemOf } from "./support/ProblemDocument.ts"
import { type RawAnswer, type RawRequest, sendRaw } from "./support/RawHttp.ts"
import { receiver } from "./support/Receiver.ts"
import { bearer } from "./support/Refusals.ts"
import { rootKey, TestService } from "./support/TestService.ts"

/** A service with one of everything in it, to throw garbage at. */
class Target extends Context.Service<
  Target,
  {
    readonly operations: ReadonlyArray<Operation>
    /** Ids of what there is. */
    readonly known: ReadonlyArray<string>
    readonly keys: readonly [Redacted.Redacted, Redacted.Redacted, Redacted.Redacted]
    readonly secrets: ReadonlyArray<Canary>
    /** How often each status was answered, by operation. */
    readonly statuses: Map<string, Set<number>>
  }
>()("@do-integrations/server/test/Garbage/Target") {
  static readonly layer = Layer.effect(
    Target,
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, client, tenant } = yield* service.tenant("Acme")
      const { url } = yield* receiver
      const made = yield* furnish(client, url)
      const confined = yield* client.apiKeys.createApiKey({
        headers: {},
        payload: {
          name: "Confined",
          scopes: ["events:read", "webhooks:write"],
          customerId: CustomerId.make("a")
        }
      })
      const planted: ReadonlyArray<readonly [string, Redacted.Redacted]> = [
        ["root key", rootKey],
        ["first key", apiKey.secret],
        ["another key", made.key.secret],
        ["confined key", confined.secret],
        ["address", Redacted.make(new URL(Redacted.value(made.inbound.url)).pathname.slice(4))],
        ["endpoint's secret", made.outbound.secret],
        // What `furnish` adds.
        ["credential", Redacted.make("sk_live_5Q2uW8xN")],
        ["sender's secret", Redacted.make("It's a Secret to Everybody")]
      ]
      const things = [
        tenant,
        made.integration,
        made.inbound,
        made.outbound,
        made.event,
        made.delivery,
        made.message,
        made.job
      ]
      return Target.of({
        operations: yield* operations,
        known: things.map(({ id }) => id),
        keys: [apiKey.secret, confined.secret, rootKey],
        secrets: planted.map(([name, secret]) => canary(name, Redacted.value(secret))),
        statuses: new Map()
      })
    }).pipe(Effect.orDie)
  )
}

const NotConfigured = "urn:do-integrations:problem:provider-not-configured"

/** What every answer must be, whatever was asked. */
const judge = (request: RawRequest, answer: RawAnswer, planted: ReadonlyArray<Canary>) => {
  // These two are there to show it.
  const shows = /^\/v1\/webhooks\/outbound\/[^/]+\/(?:rotate-)?secret(?:\?|$)/.test(request.path)
  const secrets = planted.filter(({ name }) => !shows || name !== "endpoint's secret")
  const about = JSON.stringify({
    ...request,
    body: request.body?.slice(0, 1000),
    answer: answer.body.slice(0, 1000)
  })
  if (answer.status >= 400) {
    const { type } = problemOf(answer, about)
    assert.isTrue(answer.status < 500 || (answer.status === 503 && type === NotConfigured), about)
  }
  const content = `${JSON.stringify(answer.headers)}\n${answer.body}`
  assert.deepStrictEqual(sightings(secrets, [{ name: about, content }]), [])
}

const services = Target.layer.pipe(Layer.provideMerge(TestService.layer))

layer(services, { excludeTestServices: true, timeout: "60 seconds" })(
  "every operation of the document",
  (it) => {
    it.effect.prop(
      "answers garbage with problem documents, never with a failure of its own or a secret",
      [Ingredients],
      ([ingredients]) =>
        Effect.gen(function* () {
          const service = yield* TestService
          const { keys, known, operations, secrets, statuses } = yield* Target
          const choose = chooser(ingredients)
          for (const operation of operations) {
            const request = garbageFor(operation, ingredients, choose, known)
            const root = operation.path.startsWith("/v1/tenants")
            const key = choose.oneIn(8) ? choose.of(...keys) : root ? rootKey : keys[0]
            const seen = statuses.get(operation.id) ?? new Set<number>()
            statuses.set(operation.id, seen)
            for (const authorization of [bearer(key), {}]) {
              const sent = { ...request, headers: { ...request.headers, ...authorization } }
              const answer = yield* sendRaw(service.url, sent)
              judge(sent, answer, secrets)
              seen.add(answer.status)
            }
          }
        }),
      { arbitrary: { runs: 12 }, timeout: 60_000 }
    )

    it.effect("was reached by all of it: refused without a key, and taken where it was right", () =>
      Effect.gen(function* () {
        const { operations, statuses } = yield* Target
        assert.isAtLeast(operations.length, 42)
        for (const { id, path } of operations) {
          assert.isTrue(statuses.get(id)?.has(path.startsWith("/v1/") ? 401 : 404), id)
        }
        const all = new Set([...statuses.values()].flatMap((seen) => [...seen]))
        for (const status of [200, 201, 400, 401, 404, 409, 415, 422])
          assert.isTrue(all.has(status), `${status}`)
      })
    )
  }
)
