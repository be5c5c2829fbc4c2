import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { WebUrl } from "@do-integrations/domain/Http"
import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { OutboundWebhook, OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "../Connection.ts"
import { unusable } from "../Failure.ts"
import { field } from "../Input.ts"
import { printDone, printOne } from "../Output.ts"
import { changeable, events } from "./Create.ts"
import { webhook } from "./Standing.ts"

const changes = {
  ...changeable,
  url: field(
    "url",
    Flag.String("to").pipe(Flag.withDescription("Where events go from now on"), Flag.withSchema(WebUrl))
  ),
  eventTypes: field("eventTypes", events)
}

const update = Command.make(
  "update",
  { id: webhook, changes },
  ({ changes: { concurrency, description, eventTypes, rateLimit, url }, id }) =>
    Effect.gen(function* () {
      const payload = { ...url, ...eventTypes, ...description, ...rateLimit, ...concurrency }
      if (Object.keys(payload).length === 0) return yield* unusable("Nothing to change: give a setting.")
      const { webhooks } = yield* IntegrationsClient
      yield* printOne(OutboundWebhook)(yield* webhooks.updateOutboundWebhook({ params: { id }, payload }))
    }).pipe(asTenant)
).pipe(Command.withDescription("Change an outbound webhook in what is given; the rest stays as it is"))

const isInbound = Schema.is(InboundWebhookId)

const remove = Command.make(
  "remove",
  {
    id: Argument.String("id").pipe(Argument.withSchema(Schema.Union([OutboundWebhookId, InboundWebhookId])))
  },
  ({ id }) =>
    IntegrationsClient.use(({ webhooks }) =>
      isInbound(id)
        ? webhooks.removeInboundWebhook({ params: { id } })
        : webhooks.removeOutboundWebhook({ params: { id } })
    ).pipe(Effect.andThen(printDone(`Removed ${id}`)), asTenant)
).pipe(Command.withDescription("Remove a webhook; what is on its way to it is recorded as skipped"))

/** `doi webhooks`: changes of a webhook, and its end. */
export const changeCommands = [update, remove] as const
