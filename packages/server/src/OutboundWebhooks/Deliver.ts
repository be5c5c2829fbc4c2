import { sign } from "@do-integrations/domain/Webhook/Signature"
import { type AttemptId, DeliveryId, type OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Clock, Context, DateTime, Duration, Effect, Layer, Schema } from "effect"
import { Mac } from "effect/crypto"
import { Egress } from "../Egress.ts"
import { newAttemptId } from "../Ids.ts"

/** For everything from the name's resolution to the answer's last byte. */
const deadline = Duration.seconds(15)

/** Bytes of an answer that are kept. */
const maxAnswer = 16 * 1024

/** A delivery whose turn has come, with what is to be sent. */
export const DueDelivery = Schema.Struct({
  id: DeliveryId,
  tenantId: Schema.String,
  eventId: Schema.String,
  eventType: Schema.String,
  /** Attempts made so far. */
  attempts: Schema.Int,
  /** When the event happened, in ISO 8601. */
  eventAt: Schema.String,
  /** The event's data, as JSON text. */
  data: Schema.String
})
export type DueDelivery = typeof DueDelivery.Type

/** Where deliveries go, and what they are signed with. */
export interface Target {
  readonly id: OutboundWebhookId
  readonly url: string
  readonly key: Mac.Key
}

/** What one attempt came to. */
export interface Outcome {
  readonly id: AttemptId
  readonly at: Date
  readonly durationMs: number
  readonly succeeded: boolean
  readonly status?: number
  /** Why it failed; `Status` when an answer came that was no 2xx. */
  readonly error?: string
  readonly responseBody?: string
}

const utf8 = new TextEncoder()
const text = new TextDecoder()

// Postgres keeps no NUL in text.
const readable = (body: Uint8Array) => text.decode(body).replaceAll("\u0000", "\ufffd")

/** The body of Standard Webhooks. The data is put in as it was published, not parsed and printed again. */
const bodyOf = ({ data, eventAt, eventType }: DueDelivery) =>
  utf8.encode(`{"type":${JSON.stringify(eventType)},"timestamp":${JSON.stringify(eventAt)},"data":${data}}`)

/** Makes one attempt: signed, bounded in time and size. Never fails: whatever happens is an outcome. */
export class Deliver extends Context.Service<
  Deliver,
  { attempt(target: Target, delivery: DueDelivery): Effect.Effect<Outcome> }
>()("@do-integrations/server/OutboundWebhooks/Deliver") {
  static readonly layer = Layer.effect(
    Deliver,
    Effect.gen(function* () {
      const egress = yield* Egress
      const mac = yield* Mac.Mac

      const attempt = Effect.fnUntraced(function* (target: Target, delivery: DueDelivery) {
        const id = yield* newAttemptId
        const at = yield* DateTime.nowAsDate
        const timestamp = String(Math.floor(at.getTime() / 1000))
        const body = bodyOf(delivery)
        // The event's id is the same on every retry: receivers use it as their idempotency key.
        const signature = yield* Effect.provideService(
          sign(target.key, delivery.eventId, timestamp, body),
          Mac.Mac,
          mac
        )
        const base = { id, at }
        return yield* egress
          .dispatch({
            url: new URL(target.url),
            method: "POST",
            headers: {
              "content-type": "application/json",
              "user-agent": "DO-Integrations",
              "webhook-id": delivery.eventId,
              "webhook-timestamp": timestamp,
              "webhook-signature": signature
            },
            body,
            deadline,
            maxBody: maxAnswer
          })
          .pipe(
            Effect.map(({ body, durationMs, status }): Outcome => {
              const succeeded = status >= 200 && status < 300
              const answer = {
                ...base,
                durationMs: Math.round(durationMs),
                status,
                responseBody: readable(body)
              }
              return succeeded ? { ...answer, succeeded } : { ...answer, succeeded, error: "Status" }
            }),
            Effect.catchTag("EgressFailure", (failure) =>
              Effect.map(Clock.currentTimeMillis, (end): Outcome => ({
                ...base,
                durationMs: end - at.getTime(),
                succeeded: false,
                error: failure.reason._tag
              }))
            )
          )
      })

      return Deliver.of({ attempt })
    })
  )
}
