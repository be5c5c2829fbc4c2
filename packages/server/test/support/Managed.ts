import { ApiKeyId, type Identity } from "@do-integrations/domain/ApiKey"
import { CustomerId, type TenantId } from "@do-integrations/domain/Tenant"
import type { NewInboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import type { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import { assert } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import type { Client } from "./Outbound.ts"
import { secret } from "./Senders.ts"

/** What an inbound webhook of GitHub's is made of at the least. */
export const github = {
  name: "GitHub",
  scheme: { type: "github" },
  secrets: [Redacted.make(secret)]
} satisfies NewInboundWebhook

/** An inbound webhook of GitHub's with these settings. */
export const make = (client: Client, more: Partial<NewInboundWebhook> = {}) =>
  client.webhooks.createInboundWebhook({ payload: { ...github, ...more } })

/** An outbound webhook that takes no event of itself. */
export const endpoint = (client: Client, customer?: string) =>
  client.webhooks.createOutboundWebhook({
    payload: {
      url: "https://127.0.0.1/hooks",
      eventTypes: ["nothing"],
      ...(customer === undefined ? {} : { customerId: CustomerId.make(customer) })
    }
  })

/** A route of every message to a URL. */
export const toUrl = (url: string): Route => ({ name: "copy", to: { type: "url", url } })

/** A tenant's key without any scope. */
export const callerOf = (tenantId: TenantId): Identity => ({
  keyId: ApiKeyId.make("key_01ja5c3v9tfk8b0000000000aa"),
  tenantId,
  scopes: new Set(),
  customerId: undefined
})

/** Expects a call to be refused for what stands at this place in the payload. */
export const assertFault = Effect.fnUntraced(function* <R>(
  call: Effect.Effect<unknown, { readonly _tag: string }, R>,
  ...path: ReadonlyArray<string | number>
) {
  const error = yield* Effect.flip(call)
  assert.strictEqual(error._tag, "Unprocessable")
  assert.deepNestedPropertyVal(error, "errors[0].path", ["payload", ...path])
})
