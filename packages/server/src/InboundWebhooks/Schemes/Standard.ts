import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { signedContent, signingKey } from "@do-integrations/domain/Webhook/Signature"
import { Effect } from "effect"
import { hmacVerifier, millisOf, type Scheme } from "../Scheme.ts"
import { fromBase64, stripped } from "./Encodings.ts"

/** Signatures that are looked at: senders rotate between two or three secrets. */
const maxSignatures = 10

/** Standard Webhooks 1.0, and Svix, where they come from: a list of signatures over id, timestamp and body. */
export const standard: Scheme<Extract<InboundScheme, { type: "standard" }>> = {
  verifier: ({ toleranceSeconds }, secrets) =>
    Effect.flatMap(Effect.forEach(secrets, signingKey), (keys) =>
      hmacVerifier(
        keys,
        ({ body, headers }) => {
          // The family whose id the message is recorded by, or an id could be added to what another one signed.
          const family = headers["webhook-id"] === undefined ? "svix" : "webhook"
          const id = headers[`${family}-id`] ?? ""
          const timestamp = headers[`${family}-timestamp`] ?? ""
          const signatures = (headers[`${family}-signature`] ?? "")
            .split(" ", maxSignatures)
            .flatMap((one) => stripped(one, "v1,"))
            .flatMap(fromBase64)
          return { signatures, content: signedContent(id, timestamp, body), at: millisOf(timestamp) }
        },
        toleranceSeconds
      )
    ),
  id: [
    { in: "header", name: "webhook-id" },
    { in: "header", name: "svix-id" }
  ],
  eventType: [{ in: "body", path: "type" }]
}
