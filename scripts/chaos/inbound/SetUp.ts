import type { Database } from "@do-integrations/server/Config"
import { Effect, Redacted } from "effect"
import * as Service from "../../../bench/Service.ts"
import type * as Receiver from "./Receiver.ts"
import { payloadOf, webhooks } from "./Webhooks.ts"

/** The service with the handlers that the messages go to. */
export const setting = { entry: "scripts/chaos/service.ts" }

/** A tenant with the webhooks that messages come in at, in an empty database. */
export const furnish = Effect.fnUntraced(function* (
  database: Database,
  { trust, urlOf }: Effect.Success<ReturnType<typeof Receiver.start>>
) {
  const { url } = yield* Service.start(database, setting)
  const { key } = yield* Service.newTenant(url)
  const client = yield* Service.clientFor(url, { key })
  const made = yield* Effect.forEach(
    webhooks,
    Effect.fnUntraced(function* (webhook, number) {
      const created = yield* client.webhooks.createInboundWebhook({
        headers: {},
        payload: payloadOf(webhook, urlOf(number))
      })
      const { secret } = yield* client.webhooks.getInboundWebhookSecret({ params: { id: created.id } })
      trust(number, Redacted.value(secret))
      return { id: String(created.id), path: new URL(Redacted.value(created.url)).pathname }
    })
  )
  return {
    key,
    ids: made.map(({ id }) => id),
    /** Where the webhooks of the service at an origin take messages. */
    addressesAt: (origin: string) => made.map(({ path }) => origin + path)
  }
}, Effect.scoped)
