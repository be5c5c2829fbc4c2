import { reachIn } from "@do-integrations/domain/Webhook/DataPath"
import { Option, type Schema } from "effect"
import { Base64 } from "effect/encoding"
import type { Handling } from "./Handling.ts"
import type { HandledWebhook } from "./Webhook.ts"

/** How often a message may be forwarded from one inbound webhook to the next: a circle has no end. */
export const maxHops = 5

/** The header that counts, where a message is forwarded to a URL. */
export const hopsHeader = "webhook-hops"

const hopsPath = "data.message.hops"

/** How often a message was forwarded before it came here, as far as it says so itself. */
export const hopsOf = ({ headers, payload }: Pick<Handling, "headers" | "payload">): number => {
  const counted = /^\d{1,3}$/.test(headers[hopsHeader] ?? "") ? Number(headers[hopsHeader]) : 0
  const [told] = Option.isSome(payload) ? reachIn(payload.value)(hopsPath).values : []
  return Math.max(counted, typeof told === "number" ? told : 0)
}

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
