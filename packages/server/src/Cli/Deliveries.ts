import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { EventTypeName } from "@do-integrations/domain/Event"
import { Delivery, DeliveryDetail, DeliveryId, DeliveryState } from "@do-integrations/domain/Webhook/Delivery"
import { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { field, paging, time } from "./Input.ts"
import { printList, printOne } from "./Output.ts"

const printDeliveries = printList(Delivery, [
  "id",
  "eventType",
  "webhookId",
  "state",
  "attempts",
  "nextAttemptAt",
  "createdAt"
])

const filters = {
  state: field(
    "state",
    Flag.Literals("state", DeliveryState.literals).pipe(
      Flag.withDescription(
        "Only those that stand there; failed: another attempt follows, exhausted: none does"
      )
    )
  ),
  undelivered: Flag.Boolean("undelivered").pipe(
    Flag.withDescription("Only those that ended without success"),
    Flag.withDefault(false),
    Flag.map((only) => (only ? { undelivered: true } : {}))
  ),
  webhook: field(
    "webhookId",
    Flag.String("webhook").pipe(
      Flag.withDescription("Only to this outbound webhook"),
      Flag.withSchema(OutboundWebhookId)
    )
  ),
  event: field(
    "eventType",
    Flag.String("event").pipe(
      Flag.withDescription("Only of events of this type"),
      Flag.withSchema(EventTypeName)
    )
  ),
  since: field("since", time("since", "Only of events from then on")),
  until: field("until", time("until", "Only of events before"))
}

const list = Command.make(
  "list",
  { ...paging, filters },
  ({ cursor, filters: { event, since, state, undelivered, until, webhook }, limit }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.listDeliveries({
        query: { ...limit, ...cursor, ...state, ...undelivered, ...webhook, ...event, ...since, ...until }
      })
    ).pipe(
      Effect.flatMap(({ items, nextCursor }) => printDeliveries(items, nextCursor)),
      asTenant
    )
).pipe(Command.withDescription("List deliveries"))

const delivery = Argument.String("id").pipe(Argument.withSchema(DeliveryId))

const retry = Command.make("retry", { id: delivery }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.retryDelivery({ params })).pipe(
    Effect.flatMap(printOne(Delivery)),
    asTenant
  )
).pipe(Command.withDescription("Deliver again now, whatever became of it"))

const cancel = Command.make("cancel", { id: delivery }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.cancelDelivery({ params })).pipe(
    Effect.flatMap(printOne(Delivery)),
    asTenant
  )
).pipe(Command.withDescription("End a delivery that is on its way, or holds up an order"))

const show = Command.make("show", { id: delivery }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.getDelivery({ params })).pipe(
    Effect.flatMap(printOne(DeliveryDetail)),
    asTenant
  )
).pipe(Command.withDescription("Show a delivery with every attempt"))

/** `doi deliveries`: events on their way to outbound webhooks. */
export const deliveries = Command.make("deliveries").pipe(
  Command.withDescription("See what was delivered, and what was not"),
  Command.withSubcommands([list, show, retry, cancel])
)
