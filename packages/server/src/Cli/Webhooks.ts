import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { AnyWebhook } from "@do-integrations/domain/Api/Webhooks"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { customer, paging } from "./Input.ts"
import { printList } from "./Output.ts"
import { changeCommands } from "./Webhooks/Change.ts"
import { createOutbound } from "./Webhooks/Create.ts"
import { deliveryCommands } from "./Webhooks/Deliver.ts"
import { inboundCommands } from "./Webhooks/Inbound.ts"
import { standingCommands } from "./Webhooks/Standing.ts"

const printWebhooks = printList(AnyWebhook, [
  "direction",
  "webhook.id",
  "webhook.name",
  "webhook.url",
  "webhook.eventTypes",
  "webhook.status"
])

const list = Command.make("list", { ...paging, customer }, ({ cursor, customer, limit }) =>
  IntegrationsClient.use(({ webhooks }) =>
    webhooks.listWebhooks({ query: { ...limit, ...cursor, ...customer } })
  ).pipe(
    Effect.flatMap(({ items, nextCursor }) => printWebhooks(items, nextCursor)),
    asTenant
  )
).pipe(Command.withDescription("List webhooks, inbound and outbound"))

/** `doi webhooks`: addresses that take webhooks, and addresses that events are delivered to. */
export const webhooks = Command.make("webhooks").pipe(
  Command.withDescription("Manage inbound and outbound webhooks"),
  Command.withSubcommands([
    createOutbound,
    list,
    ...inboundCommands,
    ...changeCommands,
    ...standingCommands,
    ...deliveryCommands
  ])
)
