import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Option, Schema } from "effect"
import { Base64 } from "effect/encoding"
import type { Handling } from "./Handling.ts"
import type { HandledWebhook } from "./Webhook.ts"

/** How often a message may be forwarded from one inbound webhook to the next: a circle has no end. */
export const maxHops = 5

/** The header that counts, where a message is forwarded to a URL. */
export const hopsHeader = "webhook-hops"

/** What an event that tells of a message says of it, as far as the count goes. */
const Told = Schema.Struct({
  data: Schema.Struct({ message: Schema.Struct({ webhookId: InboundWebhookId, hops: Schema.Int }) })
})
const toldOf = Schema.decodeUnknownOption(Told)

/** The count in a header; what cannot be read counts as too often. */
export const hopsIn = (header: string | undefined): number =>
  header === undefined ? 0 : /^\d{1,3}$/.test(header) ? Number(header) : maxHops

/** How often a message was forwarded before it came here, as far as it says so itself. */
export const hopsOf = ({ headers, payload }: Pick<Handling, "headers" | "payload">): number =>
  Math.max(
    hopsIn(headers[hopsHeader]),
    Option.match(Option.flatMap(payload, toldOf), {
      onNone: () => 0,
      onSome: ({ data }) => data.message.hops
    })
  )

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
