import type { StandardScheme } from "@do-integrations/domain/Webhook/Inbound"
import { signedContent, signingKey } from "@do-integrations/domain/Webhook/Signature"
import { Effect } from "effect"
import { hmacVerifier, type Scheme } from "../Scheme.ts"
import { fromBase64, stripped } from "./Encodings.ts"

/** Signatures that are looked at: senders rotate between two or three secrets. */
const maxSignatures = 10

/** Standard Webhooks 1.0, and Svix, where they come from: a list of signatures over id, timestamp and body. */
export const standard: Scheme<typeof StandardScheme.Type> = Effect.fnUntraced(function* (_, secrets) {
  const keys = yield* Effect.forEach(secrets, signingKey)
  return yield* hmacVerifier(keys, ({ body, headers }) => {
    const sender = headers["webhook-signature"] === undefined ? "svix" : "webhook"
    const id = headers[`${sender}-id`] ?? ""
    const timestamp = headers[`${sender}-timestamp`] ?? ""
    const signatures = (headers[`${sender}-signature`] ?? "")
      .split(" ", maxSignatures)
      .flatMap((one) => stripped(one, "v1,"))
      .flatMap(fromBase64)
    return { signatures, content: signedContent(id, timestamp, body), timestamp, externalId: id }
  })
})
