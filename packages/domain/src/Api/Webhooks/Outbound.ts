import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiSchema, OpenApi } from "effect/http-api"
import { described } from "../../Described.ts"
import { NewEvent } from "../../Event.ts"
import { Job } from "../../Job.ts"
import { Conflict, IllegalTransition, NotFound, Unprocessable } from "../../Problem.ts"
import { Timestamp } from "../../Time.ts"
import { WebhookResult } from "../../Webhook/Delivery.ts"
import {
  CreatedOutboundWebhook,
  NewOutboundWebhook,
  OutboundWebhook,
  OutboundWebhookId,
  OutboundWebhookPatch,
  Rotation,
  SigningSecrets
} from "../../Webhook/Outbound.ts"
import { WebhookStatistics } from "../../Webhook/Statistics.ts"
import { Idempotency, IdempotencyHeaders, RequiredScope } from "../Middleware.ts"
import { bodyOptional, optionalBody } from "../OptionalBody.ts"

const outbound = { id: OutboundWebhookId }

/** An event for one webhook alone. */
export const WebhookTrigger = Schema.Struct({
  type: NewEvent.fields.type,
  data: NewEvent.fields.data,
  waitSeconds: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 }))).pipe(
    described("How long to wait for the first attempt's end; left out: not at all.")
  )
}).annotate({ identifier: "WebhookTrigger" })

/** How a webhook goes on after it was paused or disabled. */
export const Resumption = Schema.Struct({
  recoverSince: Schema.optionalKey(Timestamp).pipe(
    described("Set: what was skipped since then is delivered now.")
  )
}).annotate({ identifier: "Resumption" })

/** What is delivered again. */
export const Recovery = Schema.Struct({
  since: Timestamp.pipe(described("Deliveries of events from then on.")),
  until: Schema.optionalKey(Timestamp).pipe(described("And before then; left out: now.")),
  states: Schema.optionalKey(
    Schema.Array(Schema.Literals(["failed", "exhausted", "skipped", "cancelled"])).check(
      Schema.isMinLength(1),
      Schema.isUnique()
    )
  ).pipe(described("Only those that stand there; left out: all but the cancelled ones."))
}).annotate({ identifier: "Recovery" })

/** Addresses that events are delivered to. */
export const outboundEndpoints = [
  HttpApiEndpoint.post("createOutboundWebhook", "/webhooks/outbound", {
    headers: IdempotencyHeaders,
    payload: NewOutboundWebhook,
    success: CreatedOutboundWebhook.pipe(HttpApiSchema.status(201))
  })
    .middleware(Idempotency)
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Create an outbound webhook",
        description: "The signing secret is shown only in this answer."
      })
    ),
  HttpApiEndpoint.get("getOutboundWebhook", "/webhooks/outbound/:id", {
    params: outbound,
    success: OutboundWebhook,
    error: NotFound
  })
    .annotateMerge(
      OpenApi.annotations({
        summary: "Get an outbound webhook",
        description: "One outbound webhook, without its signing secret."
      })
    )
    .annotate(RequiredScope, "webhooks:read"),
  HttpApiEndpoint.patch("updateOutboundWebhook", "/webhooks/outbound/:id", {
    params: outbound,
    payload: OutboundWebhookPatch,
    success: OutboundWebhook,
    error: [NotFound, Conflict, Unprocessable]
  })
    .annotateMerge(
      OpenApi.annotations({
        summary: "Update an outbound webhook",
        description:
          "Changes what is given. A list of headers replaces all that there were, so secret values have to be " +
          "given again; another origin needs that too, because a secret goes nowhere that it was not given for."
      })
    )
    .annotate(RequiredScope, "webhooks:write"),
  HttpApiEndpoint.delete("removeOutboundWebhook", "/webhooks/outbound/:id", {
    params: outbound,
    error: NotFound
  })
    .annotateMerge(
      OpenApi.annotations({
        summary: "Remove an outbound webhook",
        description: "Removes the webhook; what is still on its way is recorded as skipped."
      })
    )
    .annotate(RequiredScope, "webhooks:write"),
  HttpApiEndpoint.post("triggerOutboundWebhook", "/webhooks/outbound/:id/trigger", {
    params: outbound,
    headers: IdempotencyHeaders,
    payload: WebhookTrigger,
    success: WebhookResult.pipe(HttpApiSchema.status(201)),
    error: [NotFound, Unprocessable]
  })
    .annotate(RequiredScope, "events:publish")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Send an event to one webhook",
        description:
          "Publishes an event to this webhook alone, whatever it takes otherwise. The answer means that event and " +
          "delivery are on disk; it waits for the first attempt as long as asked."
      })
    ),
  HttpApiEndpoint.post("testOutboundWebhook", "/webhooks/outbound/:id/test", {
    params: outbound,
    headers: IdempotencyHeaders,
    success: WebhookResult.pipe(HttpApiSchema.status(201)),
    error: NotFound
  })
    .middleware(Idempotency)
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Send a test event",
        description:
          "Sends `endpoint.test` to this webhook alone and waits for the first attempt, at most a second longer " +
          "than it may take."
      })
    ),
  HttpApiEndpoint.get("getOutboundWebhookSecret", "/webhooks/outbound/:id/secret", {
    params: outbound,
    success: SigningSecrets,
    error: NotFound
  })
    .annotate(RequiredScope, "secrets:read")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Get the signing secrets",
        description: "Shows what deliveries are signed with. The audit log tells who looked."
      })
    ),
  HttpApiEndpoint.post("rotateOutboundWebhookSecret", "/webhooks/outbound/:id/rotate-secret", {
    params: outbound,
    headers: IdempotencyHeaders,
    payload: optionalBody(Rotation),
    success: SigningSecrets,
    error: [NotFound, Conflict, Unprocessable]
  })
    .middleware(Idempotency)
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Rotate the signing secret",
        description:
          "Makes a new secret, and a new key where the webhook signs with `v1a`; the old ones sign beside them for " +
          "the overlap, a day unless said otherwise. At most four earlier ones sign at a time.",
        transform: bodyOptional
      })
    ),
  HttpApiEndpoint.post("pauseOutboundWebhook", "/webhooks/outbound/:id/pause", {
    params: outbound,
    success: OutboundWebhook,
    error: [NotFound, Conflict, IllegalTransition]
  })
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Pause a webhook",
        description: "Nothing is delivered until it is resumed; what comes meanwhile is recorded as skipped."
      })
    ),
  HttpApiEndpoint.post("resumeOutboundWebhook", "/webhooks/outbound/:id/resume", {
    params: outbound,
    headers: IdempotencyHeaders,
    payload: optionalBody(Resumption),
    success: OutboundWebhook,
    error: [NotFound, Conflict, IllegalTransition]
  })
    .middleware(Idempotency)
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Resume a webhook",
        description:
          "Delivers again after a pause or after it was disabled. What was skipped is recovered if asked: by a job, " +
          "which `GET /v1/jobs?subject=` with the webhook's id finds; of an ordered webhook at once, before what " +
          "is published from then on.",
        transform: bodyOptional
      })
    ),
  HttpApiEndpoint.post("recoverOutboundWebhook", "/webhooks/outbound/:id/recover", {
    params: outbound,
    headers: IdempotencyHeaders,
    payload: Recovery,
    success: Job.pipe(HttpApiSchema.status(202)),
    error: [NotFound, Unprocessable]
  })
    .middleware(Idempotency)
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Recover deliveries",
        description:
          "Delivers again what failed or was skipped since a time, oldest first, however much it is. " +
          "The job tells how far it is."
      })
    ),
  HttpApiEndpoint.post("cancelDeliveries", "/webhooks/outbound/:id/cancel", {
    params: outbound,
    headers: IdempotencyHeaders,
    success: Job.pipe(HttpApiSchema.status(202)),
    error: NotFound
  })
    .middleware(Idempotency)
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Cancel pending deliveries",
        description: "Cancels everything that is still on its way to this webhook at the time of the request."
      })
    ),
  HttpApiEndpoint.get("getOutboundWebhookStatistics", "/webhooks/outbound/:id/statistics", {
    params: outbound,
    query: {
      since: Schema.optionalKey(Timestamp).pipe(
        described("The first hour, at most 31 days before the last; left out: 24 hours before it.")
      ),
      until: Schema.optionalKey(Timestamp).pipe(described("The last hour; left out: the present one."))
    },
    success: WebhookStatistics,
    error: [NotFound, Unprocessable]
  })
    .annotate(RequiredScope, "webhooks:read")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Get statistics",
        description: "Attempts, success rate and latency by hour, and what is waiting now."
      })
    )
] as const
