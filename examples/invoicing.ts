/**
 * Another Effect service that uses DO Integrations: it keeps its billing provider's key there, tells the
 * world when an invoice is paid, and asks what did not arrive.
 *
 * DOI_API_KEY=doi_... node --conditions=@do-integrations/source examples/invoicing.ts
 */
import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { pages } from "@do-integrations/client/Pages"
import type { Integration } from "@do-integrations/domain/Integration"
import type { Delivery } from "@do-integrations/domain/Webhook/Delivery"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Context, Effect, Layer, Redacted, Schema, Stream } from "effect"

/** An invoice of this service's. `amount` is in cents. */
const Invoice = Schema.Struct({ id: Schema.String, amount: Schema.Int })

/** What this service makes of a failure on the way to DO Integrations. */
export class InvoicingError extends Schema.TaggedError<InvoicingError>()("InvoicingError", {
  cause: Schema.Defect()
}) {
  override get message() {
    return "DO Integrations could not be asked"
  }
}

export class Invoicing extends Context.Service<
  Invoicing,
  {
    /** Hands the billing provider's API key over; it is not seen here again. */
    connectBilling(credential: Redacted.Redacted): Effect.Effect<Integration, InvoicingError>
    /** Tells every subscriber that an invoice was paid; saying it twice tells them once. */
    paid(invoice: typeof Invoice.Type): Effect.Effect<void, InvoicingError>
    /** What could not be delivered, newest first. */
    readonly undelivered: Effect.Effect<ReadonlyArray<Delivery>, InvoicingError>
  }
>()("examples/Invoicing") {
  static readonly layer = Layer.effect(
    Invoicing,
    Effect.gen(function* () {
      const { events, integrations, webhooks } = yield* IntegrationsClient
      const asInvoicingError = Effect.mapError((cause: unknown) => new InvoicingError({ cause }))
      return Invoicing.of({
        connectBilling: Effect.fn("Invoicing.connectBilling")(function* (credential) {
          return yield* integrations.addIntegration({
            payload: {
              type: "api_key",
              name: "Billing",
              baseUrl: "https://example.com/billing",
              placement: { in: "bearer" },
              credential
            }
          })
        }, asInvoicingError),
        paid: Effect.fn("Invoicing.paid")(function* (invoice) {
          yield* events.publishEvent({
            headers: { "idempotency-key": `${invoice.id}-paid` },
            payload: { type: "invoice.paid", data: invoice }
          })
        }, asInvoicingError),
        undelivered: pages(webhooks.listDeliveries, { state: "exhausted" }).pipe(
          Stream.runCollect,
          asInvoicingError
        )
      })
    })
  )
}

/** Connects, publishes and prints what was not delivered. */
export const program = Effect.gen(function* () {
  const invoicing = yield* Invoicing
  const billing = yield* invoicing.connectBilling(Redacted.make("the billing provider's key"))
  yield* Console.log(`${billing.name} is ${billing.status}`)
  yield* invoicing.paid({ id: "in_1042", amount: 4200 })
  yield* Console.log(`${(yield* invoicing.undelivered).length} deliveries failed`)
}).pipe(Effect.provide(Invoicing.layer))

if (import.meta.main) {
  NodeRuntime.runMain(program.pipe(Effect.provide(IntegrationsClient.layerConfig)))
}
