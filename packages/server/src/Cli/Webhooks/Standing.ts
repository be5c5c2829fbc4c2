import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { InboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { OutboundWebhook, OutboundWebhookId, SigningSecrets } from "@do-integrations/domain/Webhook/Outbound"
import { WebhookStatistics } from "@do-integrations/domain/Webhook/Statistics"
import { Effect, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "../Connection.ts"
import { field, time } from "../Input.ts"
import { printOne } from "../Output.ts"

/** The outbound webhook that something is done to. */
export const webhook = Argument.String("id").pipe(Argument.withSchema(OutboundWebhookId))

/** A webhook of either direction. */
const either = Argument.String("id").pipe(
  Argument.withSchema(Schema.Union([OutboundWebhookId, InboundWebhookId]))
)
const isInbound = Schema.is(InboundWebhookId)

const show = Command.make("show", { id: either }, ({ id }) =>
  Effect.gen(function* () {
    const { webhooks } = yield* IntegrationsClient
    if (isInbound(id)) {
      return yield* printOne(InboundWebhook)(yield* webhooks.getInboundWebhook({ params: { id } }))
    }
    return yield* printOne(OutboundWebhook)(yield* webhooks.getOutboundWebhook({ params: { id } }))
  }).pipe(asTenant)
).pipe(Command.withDescription("Show a webhook"))

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

const secret = Command.make("secret", { id: either }, ({ id }) =>
  IntegrationsClient.use(({ webhooks }) =>
    isInbound(id)
      ? webhooks.getInboundWebhookSecret({ params: { id } })
      : webhooks.getOutboundWebhookSecret({ params: { id } })
  ).pipe(Effect.flatMap(printOne(SigningSecrets)), asTenant)
).pipe(
  Command.withDescription(
    "Show the secrets that deliveries or forwarded messages are signed with; the audit log tells who looked"
  )
)

const rotate = Command.make(
  "rotate",
  {
    id: either,
    overlap: field(
      "overlapSeconds",
      Flag.Int("overlap").pipe(
        Flag.withDescription("Seconds that the old secret signs beside the new one; left out: a day")
      )
    )
  },
  ({ id, overlap }) =>
    IntegrationsClient.use(({ webhooks }) =>
      isInbound(id)
        ? webhooks.rotateInboundWebhookSecret({ params: { id }, payload: overlap })
        : webhooks.rotateOutboundWebhookSecret({ params: { id }, payload: overlap })
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

/** `doi webhooks`: how a webhook stands, and what it signs with. */
export const standingCommands = [show, pause, resume, secret, rotate, statistics] as const
