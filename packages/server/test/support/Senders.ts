import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect, Redacted } from "effect"
import { createHmac, randomUUID } from "node:crypto"
import { Webhook } from "standardwebhooks"
import { sendRaw } from "./RawHttp.ts"
import { TestService } from "./TestService.ts"

/** The secret of GitHub's own example ("Validating webhook deliveries"). */
export const secret = "It's a Secret to Everybody"

/** The secret of the Standard Webhooks specification's example. */
export const standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

/** The schemes that messages are sent under. */
export const github = { type: "github" } as const
export const standard = { type: "standard" } as const

/** Header values by their names in lower case. */
export type Headers = Readonly<Record<string, string>>

/** A tenant with an inbound webhook, and how to post to its address. */
export const open = Effect.fnUntraced(function* (scheme: InboundScheme, ...secrets: ReadonlyArray<string>) {
  const service = yield* TestService
  const { client } = yield* service.tenant("Acme")
  const webhook = yield* client.webhooks.createInboundWebhook({
    headers: {},
    payload: { name: "Sender", source: "sender", scheme, secrets: secrets.map((text) => Redacted.make(text)) }
  })
  const path = new URL(Redacted.value(webhook.url)).pathname
  const post = (
    body: string | Uint8Array,
    headers: Headers,
    way: { chunked?: boolean; unfinished?: boolean } = {}
  ) => sendRaw(service.url, { method: "POST", path, body, headers, ...way })
  const messages = client.webhooks
    .listMessages({ query: { limit: 100 } })
    .pipe(
      Effect.flatMap(({ items }) =>
        Effect.forEach(items, ({ id }) => client.webhooks.getMessage({ params: { id } }))
      )
    )
  return { client, webhook, post, messages }
})

/** The headers of a message as GitHub sends it. */
export const asGitHub = (
  body: string | Uint8Array,
  id: string = randomUUID(),
  event = "ping",
  key = secret
): Headers => ({
  "x-github-event": event,
  "x-github-delivery": id,
  "x-hub-signature-256": `sha256=${createHmac("sha256", key).update(body).digest("hex")}`
})

/** The headers of a message as Standard Webhooks sends it. */
export const asStandard = (
  body: string,
  seconds: number,
  id: string = randomUUID(),
  key = standardSecret
): Headers => ({
  "webhook-id": id,
  "webhook-timestamp": String(seconds),
  "webhook-signature": new Webhook(key).sign(id, new Date(seconds * 1000), body)
})

/** A generic HMAC with a signed time. */
export const timed = {
  type: "hmac",
  header: "X-Signature",
  algorithm: "sha256",
  encoding: "base64",
  prefix: "v1=",
  timestampHeader: "X-Time"
} as const

/** The headers of a message under {@link timed}. */
export const asTimed = (body: string, seconds: number, id: string = randomUUID()): Headers => ({
  "x-id": id,
  "x-time": String(seconds),
  "x-signature": `v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("base64")}`
})
