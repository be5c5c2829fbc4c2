import type { TenantId } from "@do-integrations/domain/Tenant"
import { Context, Effect, Layer, Option, Redacted } from "effect"
import { type DataKeyError, makeDataKeys } from "./Vault/DataKeys.ts"
import { additionalData, decode, encode } from "./Vault/SealedFormat.ts"
import { overhead, SecretBox } from "./Vault/SecretBox.ts"
import { Malformed, Tampered, VaultError, VaultStartError } from "./Vault/VaultError.ts"

/** The one place where a sealed secret may be stored; sealed bytes open nowhere else. */
export interface Address {
  readonly tenantId: TenantId
  readonly table: string
  /** The row's id. */
  readonly row: string
  readonly field: string
}

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const addressData = ({ field, row, table, tenantId }: Address) =>
  additionalData([tenantId, table, row, field])

const tampered = ({ field, row, table }: Address) =>
  new VaultError({ reason: new Tampered({ table, row, field }) })

const malformed = (problem: string) => new VaultError({ reason: new Malformed({ problem }) })

/** A data key that does not unwrap was itself tampered with: the start-up check has proved the master key. */
const keyError =
  ({ tenantId }: Address) =>
  (error: DataKeyError) =>
    error._tag === "UnwrapRefused"
      ? tampered({ tenantId, table: "data_keys", row: tenantId, field: "wrapped" })
      : new VaultError({ reason: error })

/**
 * Envelope encryption of every stored secret: AES-256-GCM under the tenant's own data key, which the
 * database holds only wrapped by a master key (`KeyManagement`).
 *
 * Inside a transaction all methods work in that transaction. Data keys are kept in memory for up to
 * five minutes, so after `destroyKeys` other nodes may open the tenant's secrets for that long.
 */
export class Vault extends Context.Service<
  Vault,
  {
    /** Makes the tenant's data key, in the transaction that creates the tenant. Twice is a defect. */
    createKey(tenantId: TenantId): Effect.Effect<void>
    /** Deletes the tenant's data keys (crypto-shredding): what they sealed opens only with a backup of them. */
    destroyKeys(tenantId: TenantId): Effect.Effect<void>
    /** Seals a secret for the place where it will be stored. `Malformed` when it is not well-formed Unicode. */
    seal(address: Address, secret: Redacted.Redacted): Effect.Effect<Uint8Array, VaultError>
    /** Opens what was sealed for this very place. */
    open(address: Address, sealed: Uint8Array): Effect.Effect<Redacted.Redacted, VaultError>
    /** Proves that the master keys at hand open this database; run after migrations, before anything serves. */
    readonly checkStart: Effect.Effect<void, VaultStartError>
  }
>()("@do-integrations/server/Vault") {
  static readonly layer = Layer.effect(
    Vault,
    Effect.gen(function* () {
      const secretBox = yield* SecretBox
      const dataKeys = yield* makeDataKeys

      const seal = Effect.fn("Vault.seal")(function* (address: Address, secret: Redacted.Redacted) {
        const text = Redacted.value(secret)
        if (!text.isWellFormed()) return yield* malformed("The secret is not well-formed Unicode")
        const { key, version } = yield* Effect.mapError(dataKeys.current(address.tenantId), keyError(address))
        const box = yield* secretBox.close(key, utf8Encoder.encode(text), addressData(address))
        return encode({ keyVersion: version, box })
      })

      const open = Effect.fn("Vault.open")(function* (address: Address, bytes: Uint8Array) {
        const sealed = decode(bytes, overhead)
        if (Option.isNone(sealed))
          return yield* malformed("The sealed bytes are cut short or of an unknown format")
        const { box, keyVersion } = sealed.value
        const key = yield* Effect.mapError(dataKeys.version(address.tenantId, keyVersion), keyError(address))
        if (Option.isNone(key)) return yield* tampered(address)
        const content = yield* secretBox
          .open(key.value, box, addressData(address))
          .pipe(Effect.mapError(() => tampered(address)))
        return Redacted.make(utf8Decoder.decode(content))
      })

      const checkStart = dataKeys.probe.pipe(
        Effect.mapError(({ _tag, masterKeyId }) => {
          const problem = _tag === "UnknownMasterKey" ? "missing" : "wrong"
          return new VaultStartError({ masterKeyId, problem })
        }),
        Effect.withSpan("Vault.checkStart")
      )

      return Vault.of({ createKey: dataKeys.create, destroyKeys: dataKeys.destroy, seal, open, checkStart })
    })
  ).pipe(Layer.provide(SecretBox.layer))
}
