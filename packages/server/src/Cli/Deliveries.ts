import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import {
  Delivery,
  DeliveryDetail,
  DeliveryId,
  DeliveryState,
  OutboundWebhookId
} from "@do-integrations/domain/Webhook/Outbound"
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { paging } from "./Input.ts"
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

const list = Command.make(
  "list",
  {
    ...paging,
    state: Flag.Literals("state", DeliveryState.literals).pipe(
      Flag.map((state) => ({ state })),
      Flag.withDefault({})
    ),
    webhook: Flag.String("webhook").pipe(
      Flag.withDescription("Only to this outbound webhook"),
      Flag.withSchema(OutboundWebhookId),
      Flag.map((webhookId) => ({ webhookId })),
      Flag.withDefault({})
    )
  },
  ({ cursor, limit, state, webhook }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.listDeliveries({ query: { ...limit, ...cursor, ...state, ...webhook } })
    ).pipe(
      Effect.flatMap(({ items, nextCursor }) => printDeliveries(items, nextCursor)),
      asTenant
    )
).pipe(Command.withDescription("List deliveries"))

const show = Command.make(
  "show",
  { id: Argument.String("id").pipe(Argument.withSchema(DeliveryId)) },
  (params) =>
    IntegrationsClient.use(({ webhooks }) => webhooks.getDelivery({ params })).pipe(
      Effect.flatMap(printOne(DeliveryDetail)),
      asTenant
    )
).pipe(Command.withDescription("Show a delivery with every attempt"))

/** `doi deliveries`: events on their way to outbound webhooks. */
export const deliveries = Command.make("deliveries").pipe(
  Command.withDescription("See what was delivered, and what was not"),
  Command.withSubcommands([list, show])
)
