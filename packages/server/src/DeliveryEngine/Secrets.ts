import type { TenantId } from "@do-integrations/domain/Tenant"
import type { OutboundWebhookId, SignatureVersion } from "@do-integrations/domain/Webhook/Outbound"
import { privateKey, type SigningKey, signingKey } from "@do-integrations/domain/Webhook/Signature"
import { Effect, Redacted, Schema } from "effect"
import type { Vault } from "../Vault.ts"

/** Where the sealed parts of an endpoint stand. */
export const secretAddress = (
  tenantId: TenantId,
  id: OutboundWebhookId,
  field: "secret" | "signing_key" | "previous_secrets" | "header_secrets"
) => ({ tenantId, table: "outbound_webhooks", row: id, field }) as const

/** What an endpoint signed with before: it signs beside the new ones until `until`, in milliseconds. */
const Previous = Schema.Struct({
  secret: Schema.String,
  signingKey: Schema.optionalKey(Schema.String),
  until: Schema.Int
})

const PreviousSecrets = Schema.fromJsonString(Schema.Array(Previous))
const decodePrevious = Schema.decodeEffect(PreviousSecrets)
const encodePrevious = Schema.encodeEffect(PreviousSecrets)

/** The text of each custom header whose value is secret, by its name in lower case. */
const HeaderSecrets = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))
const decodeHeaders = Schema.decodeEffect(HeaderSecrets)
const encodeHeaders = Schema.encodeEffect(HeaderSecrets)

/** The sealed columns of an endpoint. */
export const SealedColumns = {
  secret: Schema.Uint8Array,
  signingKey: Schema.optionalKey(Schema.Uint8Array),
  previousSecrets: Schema.optionalKey(Schema.Uint8Array),
  headerSecrets: Schema.optionalKey(Schema.Uint8Array)
}

interface Sealed {
  readonly id: OutboundWebhookId
  readonly tenantId: TenantId
  readonly secret: Uint8Array
  readonly signingKey?: Uint8Array
  readonly previousSecrets?: Uint8Array
  readonly headerSecrets?: Uint8Array
}

/** A pair of secrets that sign together, one for each version. */
export interface SecretPair {
  /** `whsec_` and base64. */
  readonly secret: Redacted.Redacted
  /** `whsk_` and base64; only where the endpoint has ever signed with `v1a`. */
  readonly signingKey?: Redacted.Redacted
  /** When it stops signing, in milliseconds; the present pair has no end. */
  readonly until?: number
}

/** Seals and opens what endpoints keep secret. What does not open is a defect: this service sealed it. */
export const makeSecrets = (vault: Vault["Service"]) => {
  const sealPrevious = Effect.fnUntraced(function* (
    tenantId: TenantId,
    id: OutboundWebhookId,
    pairs: ReadonlyArray<SecretPair & { readonly until: number }>
  ) {
    const text = yield* encodePrevious(
      pairs.map(({ secret, signingKey, until }) => ({
        secret: Redacted.value(secret),
        ...(signingKey === undefined ? {} : { signingKey: Redacted.value(signingKey) }),
        until
      }))
    )
    return yield* vault.seal(secretAddress(tenantId, id, "previous_secrets"), Redacted.make(text))
  }, Effect.orDie)

  const sealHeaders = Effect.fnUntraced(function* (
    tenantId: TenantId,
    id: OutboundWebhookId,
    values: Readonly<Record<string, string>>
  ) {
    const text = yield* encodeHeaders(values)
    return yield* vault.seal(secretAddress(tenantId, id, "header_secrets"), Redacted.make(text))
  }, Effect.orDie)

  /** The present pair first, then earlier ones, newest first, whether they still sign or not. */
  const openPairs = Effect.fnUntraced(function* (sealed: Sealed) {
    const { id, previousSecrets, tenantId } = sealed
    const present: SecretPair = {
      secret: yield* vault.open(secretAddress(tenantId, id, "secret"), sealed.secret),
      ...(sealed.signingKey === undefined
        ? {}
        : { signingKey: yield* vault.open(secretAddress(tenantId, id, "signing_key"), sealed.signingKey) })
    }
    const pairs: [SecretPair, ...Array<SecretPair>] = [present]
    if (previousSecrets === undefined) return pairs
    const text = yield* vault.open(secretAddress(tenantId, id, "previous_secrets"), previousSecrets)
    const previous = yield* decodePrevious(Redacted.value(text))
    for (const { secret, signingKey, until } of previous) {
      pairs.push({
        secret: Redacted.make(secret),
        ...(signingKey === undefined ? {} : { signingKey: Redacted.make(signingKey) }),
        until
      })
    }
    return pairs
  }, Effect.orDie)

  const openHeaders = Effect.fnUntraced(function* ({ headerSecrets, id, tenantId }: Sealed) {
    if (headerSecrets === undefined) return {}
    const text = yield* vault.open(secretAddress(tenantId, id, "header_secrets"), headerSecrets)
    return yield* decodeHeaders(Redacted.value(text))
  }, Effect.orDie)

  return { sealPrevious, sealHeaders, openPairs, openHeaders }
}

/** A key with the time, in milliseconds, until which it signs. */
export interface TimedKey {
  readonly key: SigningKey
  readonly until: number
}

/** The keys of these pairs, one for each version that the endpoint signs with. */
export const keysOf = Effect.fnUntraced(function* (
  pairs: ReadonlyArray<SecretPair>,
  versions: ReadonlyArray<SignatureVersion>
) {
  const keys: Array<TimedKey> = []
  for (const pair of pairs) {
    const until = pair.until ?? Infinity
    if (versions.includes("v1")) keys.push({ key: yield* signingKey(pair.secret), until })
    if (versions.includes("v1a") && pair.signingKey !== undefined) {
      keys.push({ key: yield* privateKey(pair.signingKey), until })
    }
  }
  return keys
}, Effect.orDie)
