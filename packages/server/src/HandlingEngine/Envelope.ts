import { Option, type Schema } from "effect"
import { Base64 } from "effect/encoding"
import { hopsOf } from "../Hops.ts"
import type { Handling } from "./Handling.ts"
import type { HandledWebhook } from "./Webhook.ts"

/**
 * The data of an event that tells of a message: the message in `message`, with `verified`, and its body in `payload`
 * where it is JSON or a form, else in `body` in base64.
 */
export const envelope = (webhook: HandledWebhook, handling: Handling): Schema.JsonObject => {
  const { body, eventType, externalId, headers, messageId, payload, verified } = handling
  return {
    message: {
      id: messageId,
      webhookId: webhook.id,
      ...(webhook.source === undefined ? {} : { source: webhook.source }),
      ...(externalId === null ? {} : { externalId }),
      ...(eventType === null ? {} : { eventType }),
      verified,
      hops: hopsOf(handling) + 1,
      headers: { ...headers }
    },
    ...(Option.isSome(payload) ? { payload: payload.value } : { body: Base64.encode(body) })
  }
}
