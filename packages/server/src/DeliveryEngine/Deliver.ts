import { makeSign } from "@do-integrations/domain/Webhook/Signature"
import { Array as Arr, Context, DateTime, type Duration, Effect, Layer } from "effect"
import { Digest } from "effect/crypto"
import { Base64Url } from "effect/encoding"
import { Egress, type EgressResponse } from "../Egress.ts"
import { hopsHeader } from "../Hops.ts"
import type { ClaimedDelivery } from "./Claims.ts"
import { type Endpoint, mask } from "./Endpoint.ts"
import { retryAfter } from "./RetryAfter.ts"

/** Bytes of an answer that are kept. */
const maxAnswer = 16 * 1024

/** What one request carries: one delivery, or several where the endpoint takes batches. */
export type Unit = Arr.NonEmptyReadonlyArray<ClaimedDelivery>

/** What one attempt came to. */
export interface Outcome {
  readonly at: Date
  readonly durationMs: number
  readonly succeeded: boolean
  readonly status?: number
  /** Why it failed; `Status` when an answer came that was no 2xx. */
  readonly error?: string
  /** How long the receiver asks to be left alone. */
  readonly retryAfter?: Duration.Duration
  /** As JSON text, secret values masked. */
  readonly requestHeaders: string
  /** As JSON text. */
  readonly responseHeaders?: string
  readonly responseBody?: string
}

/** What tells of webhooks says so: where it comes in again, nobody tells of that, or there would be no end. */
const echo = { [hopsHeader]: "1" }

const utf8 = new TextEncoder()
const text = new TextDecoder()

// Postgres keeps no NUL in text.
const readable = (body: Uint8Array) =>
  body.length === 0 ? "" : text.decode(body).replaceAll("\u0000", "\ufffd")

// Somebody else's session is nobody's business here.
const shown = (headers: Readonly<Record<string, string | undefined>>) =>
  JSON.stringify("set-cookie" in headers ? { ...headers, "set-cookie": mask } : headers)

/** The data is put in as it was published, not parsed and printed again. */
const envelope = ({ data, eventAt, eventType }: ClaimedDelivery, id = "") =>
  `{${id}"type":${JSON.stringify(eventType)},"timestamp":"${eventAt.toISOString()}","data":${data}}`

/**
 * The body: that of Standard Webhooks, `{ type, timestamp, data }`. A batch has the type `batch`, and its data is
 * a list of such bodies, each with its event's `id`.
 */
const bodyOf = (unit: Unit, batched: boolean, at: Date) =>
  utf8.encode(
    batched
      ? `{"type":"batch","timestamp":"${at.toISOString()}","data":[${unit
          .map((one) => envelope(one, `"id":"${one.eventId}",`))
          .join(",")}]}`
      : envelope(unit[0])
  )

// Some receivers answer with what they were sent. In JSON a value is written with escapes.
const withoutSecrets = (text: string, values: ReadonlyArray<string>): string =>
  values.reduce(
    (masked, value) => masked.replaceAll(value, mask).replaceAll(JSON.stringify(value).slice(1, -1), mask),
    text
  )

const answered = (
  { secretValues }: Endpoint,
  { body, durationMs, headers, status }: EgressResponse,
  at: Date,
  requestHeaders: string
): Outcome => {
  const answer = {
    at,
    requestHeaders,
    durationMs: Math.round(durationMs),
    status,
    responseHeaders: withoutSecrets(shown(headers), secretValues),
    responseBody: withoutSecrets(readable(body), secretValues)
  }
  if (status >= 200 && status < 300) return { ...answer, succeeded: true }
  const wait = retryAfter(headers["retry-after"], at.getTime() + durationMs)
  const failed = { ...answer, succeeded: false, error: "Status" }
  return wait === undefined ? failed : { ...failed, retryAfter: wait }
}

/** Makes one attempt: signed, bounded in time and size. Never fails: whatever happens is an outcome. */
export class Deliver extends Context.Service<
  Deliver,
  { attempt(endpoint: Endpoint, unit: Unit): Effect.Effect<Outcome> }
>()("@do-integrations/server/DeliveryEngine/Deliver") {
  static readonly layer = Layer.effect(
    Deliver,
    Effect.gen(function* () {
      const egress = yield* Egress
      const digest = yield* Digest.Digest
      const sign = yield* makeSign

      // The event's id is the same on every retry: receivers use it as their idempotency key. A batch is known
      // by what it holds.
      const idOf = (unit: Unit, batched: boolean) =>
        batched
          ? Effect.map(
              digest.digest(Digest.sha256, utf8.encode(unit.map((one) => one.eventId).join(" "))),
              (hash) => `bat_${Base64Url.encode(hash)}`
            )
          : Effect.succeed(unit[0].eventId)

      // No generators and no spans here: they would cost as much as the rest.
      const attempt = (endpoint: Endpoint, unit: Unit) =>
        Effect.flatMap(DateTime.nowAsDate, (at) => {
          const batched = endpoint.batching !== undefined
          const now = at.getTime()
          const timestamp = String(Math.floor(now / 1000))
          const body = bodyOf(unit, batched, at)
          const keys = endpoint.keys.flatMap(({ key, until }) => (until > now ? [key] : []))
          if (!Arr.isReadonlyArrayNonEmpty(keys)) {
            return Effect.die(new Error(`${endpoint.id} has no key to sign with`))
          }
          return Effect.flatMap(idOf(unit, batched), (id) =>
            Effect.flatMap(sign(keys, id, timestamp, body), (signature) => {
              const standard = {
                "content-type": "application/json",
                "user-agent": "DO-Integrations",
                "webhook-id": id,
                "webhook-timestamp": timestamp,
                "webhook-signature": signature,
                ...(unit.some(({ eventType }) => eventType.startsWith("webhook:")) ? echo : {})
              }
              const begun = performance.now()
              const requestHeaders = JSON.stringify({ ...endpoint.shownHeaders, ...standard })
              return Effect.match(
                egress.dispatch({
                  url: endpoint.url,
                  method: "POST",
                  headers: { ...endpoint.headers, ...standard },
                  body,
                  deadline: endpoint.timeout,
                  maxBody: maxAnswer
                }),
                {
                  onSuccess: (answer) => answered(endpoint, answer, at, requestHeaders),
                  onFailure: ({ reason }): Outcome => ({
                    at,
                    requestHeaders,
                    durationMs: Math.round(performance.now() - begun),
                    succeeded: false,
                    error: reason._tag
                  })
                }
              )
            })
          )
        })

      return Deliver.of({ attempt })
    })
  )
}
