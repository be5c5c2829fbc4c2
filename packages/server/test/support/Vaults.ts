import { TenantId } from "@do-integrations/domain/Tenant"
import { Effect, Layer, Redacted } from "effect"
import { Base64 } from "effect/encoding"
import { typeid } from "typeid-js"
import { type Address, Vault } from "../../src/Vault.ts"
import * as KeyRing from "../../src/Vault/KeyRing.ts"
import type { VaultError } from "../../src/Vault/VaultError.ts"

/** A master key of 32 equal bytes, in base64. */
export const keyOf = (byte: number) => Base64.encode(new Uint8Array(32).fill(byte))

/** A vault over these master keys. */
export const vaultLayer = (masterKeys: string) =>
  Vault.layer.pipe(Layer.provideMerge(KeyRing.layer(Redacted.make(masterKeys))))

/** A vault with empty caches, as another process would have it. */
export const otherVault = (masterKeys: string) => Effect.provide(Vault, Layer.fresh(vaultLayer(masterKeys)))

/** A tenant id that nobody has. */
export const newTenant = Effect.sync(() => TenantId.make(typeid("ten").toString()))

/** The place of one secret of a tenant. */
export const addressOf = (tenantId: TenantId): Address => ({
  tenantId,
  table: "integrations",
  row: "int_1",
  field: "apiKey"
})

/** A new tenant with a secret sealed for one address. */
export const sealed = Effect.fnUntraced(function* (text: string, vault: Vault["Service"]) {
  const address = addressOf(yield* newTenant)
  yield* vault.createKey(address.tenantId)
  return { address, bytes: yield* vault.seal(address, Redacted.make(text)) }
})

/** Why a call of the vault fails. */
export const reasonOf = <A, R>(effect: Effect.Effect<A, VaultError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason._tag)
