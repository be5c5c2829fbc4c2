import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Option, Schema } from "effect"

/** How often a message may be forwarded from one inbound webhook to the next: a circle has no end. */
export const maxHops = 5

/** The header that counts: on what is forwarded to a URL, and on deliveries that tell of webhooks. */
export const hopsHeader = "webhook-hops"

/** What of a message tells the count. */
interface Hopped {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly payload: Option.Option<Schema.Json>
}

/** What an event that tells of a message says of it, as far as the count goes. */
const Told = Schema.Struct({
  data: Schema.Struct({ message: Schema.Struct({ webhookId: InboundWebhookId, hops: Schema.Int }) })
})
const toldOf = Schema.decodeUnknownOption(Told)

/** The count in a header; what cannot be read counts as too often. */
const hopsIn = (header: string | undefined): number =>
  header === undefined ? 0 : /^\d{1,3}$/.test(header) ? Number(header) : maxHops

/** How often a message was forwarded before it came here, as far as it says so itself. */
export const hopsOf = ({ headers, payload }: Hopped): number =>
  Math.max(
    hopsIn(headers[hopsHeader]),
    Option.match(Option.flatMap(payload, toldOf), {
      onNone: () => 0,
      onSome: ({ data }) => data.message.hops
    })
  )

const isOfWebhooks = Schema.is(
  Schema.Struct({ type: Schema.String.check(Schema.isStartingWith("webhook:")) })
)

/** Whether it is a delivery of one of our own `webhook:*` events, which has come in again: to tell of it would have no end. */
export const isEcho = ({ headers, payload }: Hopped): boolean =>
  hopsIn(headers[hopsHeader]) > 0 && Option.isSome(payload) && isOfWebhooks(payload.value)
