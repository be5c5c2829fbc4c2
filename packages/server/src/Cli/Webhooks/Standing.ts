import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { OutboundWebhook, OutboundWebhookId, SigningSecrets } from "@do-integrations/domain/Webhook/Outbound"
import { WebhookStatistics } from "@do-integrations/domain/Webhook/Statistics"
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "../Connection.ts"
import { field, time } from "../Input.ts"
import { printOne } from "../Output.ts"

/** The outbound webhook that something is done to. */
export const webhook = Argument.String("id").pipe(Argument.withSchema(OutboundWebhookId))

const show = Command.make("show", { id: webhook }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.getOutboundWebhook({ params })).pipe(
    Effect.flatMap(printOne(OutboundWebhook)),
    asTenant
  )
).pipe(Command.withDescription("Show an outbound webhook"))

const pause = Command.make("pause", { id: webhook }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.pauseOutboundWebhook({ params })).pipe(
    Effect.flatMap(printOne(OutboundWebhook)),
    asTenant
  )
).pipe(Command.withDescription("Deliver nothing until it is resumed; what comes is recorded as skipped"))

const resume = Command.make(
  "resume",
  {
    id: webhook,
    since: field("recoverSince", time("recover-since", "Deliver what was skipped since this time, too"))
  },
  ({ id, since }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.resumeOutboundWebhook({ params: { id }, payload: since })
    ).pipe(Effect.flatMap(printOne(OutboundWebhook)), asTenant)
).pipe(Command.withDescription("Deliver again after a pause, or after it was disabled"))

const secret = Command.make("secret", { id: webhook }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.getOutboundWebhookSecret({ params })).pipe(
    Effect.flatMap(printOne(SigningSecrets)),
    asTenant
  )
).pipe(Command.withDescription("Show the signing secrets; the audit log tells who looked"))

const rotate = Command.make(
  "rotate",
  {
    id: webhook,
    overlap: field(
      "overlapSeconds",
      Flag.Int("overlap").pipe(
        Flag.withDescription("Seconds that the old secret signs beside the new one; left out: a day")
      )
    )
  },
  ({ id, overlap }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.rotateOutboundWebhookSecret({ params: { id }, payload: overlap })
    ).pipe(Effect.flatMap(printOne(SigningSecrets)), asTenant)
).pipe(Command.withDescription("Replace the signing secret"))

const statistics = Command.make(
  "statistics",
  {
    id: webhook,
    since: field("since", time("since", "The first hour; left out: 24 hours before the last")),
    until: field("until", time("until", "The last hour; left out: the present one"))
  },
  ({ id, since, until }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.getOutboundWebhookStatistics({ params: { id }, query: { ...since, ...until } })
    ).pipe(Effect.flatMap(printOne(WebhookStatistics)), asTenant)
).pipe(Command.withDescription("Show attempts, success rate and latency by hour, and what waits"))

/** `doi webhooks`: how an outbound webhook stands, and what it signs with. */
export const standingCommands = [show, pause, resume, secret, rotate, statistics] as const
