import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import {
  Message,
  MessageDetail,
  MessageId,
  MessageState
} from "@do-integrations/domain/Webhook/Inbound/Message"
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { field, paging, time } from "./Input.ts"
import { printList, printOne } from "./Output.ts"

const printMessages = printList(Message, [
  "id",
  "webhookId",
  "eventType",
  "externalId",
  "state",
  "verified",
  "receivedAt"
])

const filters = {
  webhook: field(
    "webhookId",
    Flag.String("webhook").pipe(
      Flag.withDescription("Only those that this inbound webhook took"),
      Flag.withSchema(InboundWebhookId)
    )
  ),
  state: field(
    "state",
    Flag.Literals("state", MessageState.literals).pipe(
      Flag.withDescription("Only those that stand there; failed: another attempt follows, dead: none does")
    )
  ),
  event: field(
    "eventType",
    Flag.String("event").pipe(Flag.withDescription("Only of this type of the sender's"))
  ),
  since: field("since", time("since", "Only those that came from then on")),
  until: field("until", time("until", "Only those that came before"))
}

const list = Command.make(
  "list",
  { ...paging, filters },
  ({ cursor, filters: { event, since, state, until, webhook }, limit }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.listMessages({
        query: { ...limit, ...cursor, ...webhook, ...state, ...event, ...since, ...until }
      })
    ).pipe(
      Effect.flatMap(({ items, nextCursor }) => printMessages(items, nextCursor)),
      asTenant
    )
).pipe(Command.withDescription("List messages"))

const message = Argument.String("id").pipe(Argument.withSchema(MessageId))

const show = Command.make("show", { id: message }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.getMessage({ params })).pipe(
    Effect.flatMap(printOne(MessageDetail)),
    asTenant
  )
).pipe(Command.withDescription("Show a message with what became of it on each route"))

const replay = Command.make(
  "replay",
  {
    id: message,
    routes: field(
      "routes",
      Flag.String("route").pipe(
        Flag.withDescription("Only on the route of this name; give it once for each"),
        Flag.atLeast(1)
      )
    )
  },
  ({ id, routes }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.replayMessage({ params: { id }, payload: routes })
    ).pipe(Effect.flatMap(printOne(MessageDetail)), asTenant)
).pipe(Command.withDescription("Handle it once more now, whatever became of it"))

const cancel = Command.make("cancel", { id: message }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.cancelMessage({ params })).pipe(
    Effect.flatMap(printOne(MessageDetail)),
    asTenant
  )
).pipe(Command.withDescription("End a message that is still to be handled, or holds up an order"))

/** `doi messages`: what inbound webhooks took. */
export const messages = Command.make("messages").pipe(
  Command.withDescription("See what came in and what became of it"),
  Command.withSubcommands([list, show, replay, cancel])
)
