import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Bytes, Effect } from "effect"
import { hmacVerifier, millisOf, type Scheme } from "../Scheme.ts"
import { idOfAll, typeOfAll } from "./Batch.ts"
import { fromBase64 } from "./Encodings.ts"
import { sha256Keys } from "./Keys.ts"

const utf8 = new TextEncoder()

/** What HubSpot decodes of an address before it signs it: `: / ? @ ! $ ' ( ) * , ;` and nothing else. */
const decoded = (url: string) =>
  url.replace(/%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi, (code) => decodeURIComponent(code))

/**
 * HubSpot, "Validating requests", version 3: an HMAC of method, address, body and a time in milliseconds. A body is
 * a batch of events, and holds other counts of attempts when it is sent again.
 */
export const hubspot: Scheme<Extract<InboundScheme, { type: "hubspot" }>> = {
  verifier: ({ toleranceSeconds }, secrets) =>
    Effect.flatMap(sha256Keys(secrets), (keys) =>
      hmacVerifier(
        keys,
        ({ body, headers, method, url }) => {
          const timestamp = headers["x-hubspot-request-timestamp"] ?? ""
          return {
            signatures: fromBase64(headers["x-hubspot-signature-v3"] ?? ""),
            content: Bytes.concat([utf8.encode(method + decoded(url)), body, utf8.encode(timestamp)]),
            at: millisOf(timestamp, "milliseconds")
          }
        },
        toleranceSeconds
      )
    ),
  // HubSpot does not promise that an event's id alone is its own.
  id: [idOfAll("subscriptionId", "eventId", "occurredAt")],
  eventType: [typeOfAll("subscriptionType")]
}
