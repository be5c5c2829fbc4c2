import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { TenantEventTypeName } from "@do-integrations/domain/Event"
import { Job } from "@do-integrations/domain/Job"
import { WebhookResult } from "@do-integrations/domain/Webhook/Delivery"
import { Effect, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "../Connection.ts"
import { field, time } from "../Input.ts"
import { printOne } from "../Output.ts"
import { webhook } from "./Standing.ts"

const test = Command.make("test", { id: webhook }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.testOutboundWebhook({ params })).pipe(
    Effect.flatMap(printOne(WebhookResult)),
    asTenant
  )
).pipe(Command.withDescription("Send a test event, and show what the receiver answers"))

const trigger = Command.make(
  "trigger",
  {
    id: webhook,
    type: Argument.String("type").pipe(Argument.withSchema(TenantEventTypeName)),
    data: Argument.String("json").pipe(
      Argument.withDescription("The event's data, as JSON"),
      Argument.withSchema(Schema.fromJsonString(Schema.Json))
    ),
    wait: field(
      "waitSeconds",
      Flag.Int("wait").pipe(Flag.withDescription("Seconds to wait for the first attempt, up to 30"))
    )
  },
  ({ id, wait, ...event }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.triggerOutboundWebhook({ params: { id }, payload: { ...event, ...wait } })
    ).pipe(Effect.flatMap(printOne(WebhookResult)), asTenant)
).pipe(Command.withDescription("Publish an event to this webhook alone"))

const recover = Command.make(
  "recover",
  {
    id: webhook,
    since: time("since", "Deliveries of events from then on"),
    until: field("until", time("until", "And before then; left out: now")),
    states: field(
      "states",
      Flag.Literals("state", ["failed", "exhausted", "skipped", "cancelled"]).pipe(
        Flag.withDescription("Only these, one for each; left out: all but cancelled ones"),
        Flag.atLeast(1)
      )
    )
  },
  ({ id, since, states, until }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.recoverOutboundWebhook({ params: { id }, payload: { since, ...until, ...states } })
    ).pipe(Effect.flatMap(printOne(Job)), asTenant)
).pipe(Command.withDescription("Deliver again what was not delivered, as a job"))

const cancel = Command.make("cancel", { id: webhook }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.cancelDeliveries({ params })).pipe(
    Effect.flatMap(printOne(Job)),
    asTenant
  )
).pipe(Command.withDescription("Cancel everything that is on its way now, as a job"))

/** `doi webhooks`: what is delivered to an outbound webhook by hand. */
export const deliveryCommands = [test, trigger, recover, cancel] as const
