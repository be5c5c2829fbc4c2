import { Event, EventId, Position } from "@do-integrations/domain/Event"
import { Integration, IntegrationId } from "@do-integrations/domain/Integration"
import { NotFound, TooManyRequests } from "@do-integrations/domain/Problem"
import { assert, describe, it } from "@effect/vitest"
import { Cause, DateTime, Effect, Layer, Redacted } from "effect"
import { TestConsole } from "effect/testing"
import { Invoicing, InvoicingError, program } from "../../../examples/invoicing.ts"
import { IntegrationsClient } from "../src/IntegrationsClient.ts"
import { IntegrationsClientTest } from "../src/testing.ts"

const id = IntegrationId.make("int_01k9zv7q1zf2hrmwyejc9pq5ns")
const now = DateTime.makeUnsafe("2026-01-02T03:04:05Z")

describe("IntegrationsClientTest.layerMock", () => {
  it.effect("answers with what the methods given answer, values and typed errors", () =>
    Effect.gen(function* () {
      const client = yield* IntegrationsClient
      assert.deepStrictEqual(yield* client.integrations.listIntegrations(), { items: [] })
      const error = yield* Effect.flip(client.integrations.getIntegration({ params: { id } }))
      assert.strictEqual(error._tag, "NotFound")
    }).pipe(
      Effect.provide(
        IntegrationsClientTest.layerMock({
          integrations: {
            listIntegrations: () => Effect.succeed({ items: [] }),
            getIntegration: () => Effect.fail(new NotFound())
          }
        })
      )
    )
  )

  it.effect("dies with the name of a method that was left out", () =>
    Effect.gen(function* () {
      const client = yield* IntegrationsClient
      const deathOf = <A, E>(call: Effect.Effect<A, E>) =>
        Effect.map(Effect.flip(Effect.sandbox(call)), Cause.squash)
      assert.deepStrictEqual(
        yield* deathOf(client.integrations.listIntegrations()),
        new Error("integrations.listIntegrations is not mocked")
      )
      assert.deepStrictEqual(
        yield* deathOf(client.tenants.listTenants()),
        new Error("tenants.listTenants is not mocked")
      )
    }).pipe(
      Effect.provide(
        IntegrationsClientTest.layerMock({ tenants: { deleteTenant: () => Effect.succeed(undefined) } })
      )
    )
  )
})

describe("examples/invoicing", () => {
  it.effect("connects, publishes once and lists what was not delivered", () => {
    const published: Array<unknown> = []
    let credential = ""
    return Effect.gen(function* () {
      yield* program
      assert.deepStrictEqual(yield* TestConsole.logLines, ["Billing is active", "0 deliveries failed"])
      assert.strictEqual(credential, "the billing provider's key")
      assert.deepStrictEqual(published, [
        {
          headers: { "idempotency-key": "in_1042-paid" },
          payload: { type: "invoice.paid", data: { id: "in_1042", amount: 4200 } }
        }
      ])
    }).pipe(
      Effect.provide(
        IntegrationsClientTest.layerMock({
          integrations: {
            addIntegration: ({ payload }) => {
              credential = Redacted.value(payload.credential)
              const { credential: _, ...rest } = payload
              return Effect.succeed(
                new Integration({ ...rest, id, status: "active", createdAt: now, updatedAt: now })
              )
            }
          },
          events: {
            publishEvent: (request) => {
              published.push(request)
              return Effect.succeed(
                new Event({
                  id: EventId.make("evt_01k9zv7q1zf2hrmwyejc9pq5ns"),
                  ...request.payload,
                  createdAt: now,
                  position: Position.make("7-1")
                })
              )
            }
          },
          webhooks: { listDeliveries: () => Effect.succeed({ items: [] }) }
        })
      )
    )
  })

  it.effect("says that publishing failed", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* Invoicing).paid({ id: "in_1", amount: 1 }))
      assert.instanceOf(error, InvoicingError)
      assert.instanceOf(error.cause, TooManyRequests)
    }).pipe(
      Effect.provide(
        Layer.provide(
          Invoicing.layer,
          IntegrationsClientTest.layerMock({
            events: { publishEvent: () => Effect.fail(new TooManyRequests({ retryAfter: 1 })) }
          })
        )
      )
    )
  )
})
