import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Bytes, DateTime, Effect, Option } from "effect"
import { hmacVerifier, type Scheme } from "../Scheme.ts"
import { fromBase64 } from "./Encodings.ts"
import { sha256Keys } from "./Keys.ts"

const utf8 = new TextEncoder()

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** Unix milliseconds of an ISO 8601 time with its zone; `NaN` where it is none. */
const millisOfIso = (text: string): number =>
  iso.test(text)
    ? Option.match(DateTime.make(text), { onNone: () => Number.NaN, onSome: DateTime.toEpochMillis })
    : Number.NaN

/**
 * Zendesk, "Verifying webhooks" (developer.zendesk.com/documentation/webhooks/verifying): an HMAC of the time and then
 * the body, `base64(HMACSHA256(TIMESTAMP + BODY))`, and its sample code joins them in this order. The page of 2021, at
 * /documentation/event-connectors/webhooks/verifying, said body and then time, with an example; that address came to
 * say time and body as well, and so do services that take these webhooks. Nothing of the headers is signed but the time.
 */
export const zendesk: Scheme<Extract<InboundScheme, { type: "zendesk" }>> = {
  verifier: ({ toleranceSeconds }, secrets) =>
    Effect.flatMap(sha256Keys(secrets), (keys) =>
      hmacVerifier(
        keys,
        ({ body, headers }) => {
          const timestamp = headers["x-zendesk-webhook-signature-timestamp"] ?? ""
          return {
            signatures: fromBase64(headers["x-zendesk-webhook-signature"] ?? ""),
            content: Bytes.concat([utf8.encode(timestamp), body]),
            at: millisOfIso(timestamp)
          }
        },
        toleranceSeconds
      )
    ),
  // One invocation is attempted several times. A trigger's body is its author's, and an id in it may be a ticket's.
  id: [{ in: "header", name: "x-zendesk-webhook-invocation-id" }],
  eventType: [{ in: "body", path: "type" }]
}
