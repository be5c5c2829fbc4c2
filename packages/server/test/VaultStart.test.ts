import { TenantId } from "@do-integrations/domain/Tenant"
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Redacted } from "effect"
import { Base64 } from "effect/encoding"
import { typeid } from "typeid-js"
import * as Embedded from "../src/Sql/Embedded.ts"
import { migrate } from "../src/Sql/Migrations.ts"
import { type Address, Vault } from "../src/Vault.ts"
import { MasterKeyId } from "../src/Vault/KeyManagement.ts"
import * as KeyRing from "../src/Vault/KeyRing.ts"
import type { VaultError } from "../src/Vault/VaultError.ts"

const keyOf = (byte: number) => Base64.encode(new Uint8Array(32).fill(byte))

const vaultLayer = (masterKeys: string) =>
  Vault.layer.pipe(Layer.provideMerge(KeyRing.layer(Redacted.make(masterKeys))))

/** A vault with empty caches, as another process would have it. */
const otherVault = (masterKeys: string) => Effect.provide(Vault, Layer.fresh(vaultLayer(masterKeys)))

const newTenant = Effect.sync(() => TenantId.make(typeid("ten").toString()))

const addressOf = (tenantId: TenantId): Address => ({
  tenantId,
  table: "integrations",
  row: "int_1",
  field: "apiKey"
})

/** A new tenant with a secret sealed for one address. */
const sealed = Effect.fnUntraced(function* (text: string, vault: Vault["Service"]) {
  const address = addressOf(yield* newTenant)
  yield* vault.createKey(address.tenantId)
  return { address, bytes: yield* vault.seal(address, Redacted.make(text)) }
})

const reasonOf = <A, R>(effect: Effect.Effect<A, VaultError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason._tag)

const Database = Layer.effectDiscard(migrate).pipe(
  Layer.provideMerge(
    Layer.unwrap(FileSystem.FileSystem.use((fs) => Effect.map(fs.makeTempDirectoryScoped(), Embedded.layer)))
  ),
  Layer.provide(NodeServices.layer)
)

layer(Database)("Vault.checkStart", (it) => {
  it.effect("starts on a ring that holds every master key in use", () =>
    Effect.gen(function* () {
      yield* (yield* otherVault(`any:${keyOf(7)}`)).checkStart
      const old = yield* sealed("sk_old", yield* otherVault(`old:${keyOf(1)}`))
      const rotated = yield* otherVault(`new:${keyOf(2)},old:${keyOf(1)}`)
      const fresh = yield* sealed("sk_new", rotated)
      yield* rotated.checkStart
      assert.strictEqual(Redacted.value(yield* rotated.open(old.address, old.bytes)), "sk_old")

      const withoutOld = yield* otherVault(`new:${keyOf(2)}`)
      assert.strictEqual(Redacted.value(yield* withoutOld.open(fresh.address, fresh.bytes)), "sk_new")
      assert.strictEqual(yield* reasonOf(withoutOld.open(old.address, old.bytes)), "UnknownMasterKey")
      const missing = yield* Effect.flip(withoutOld.checkStart)
      assert.deepStrictEqual([missing.masterKeyId, missing.problem], [MasterKeyId.make("old"), "missing"])
      assert.include(missing.message, '"old"')
      assert.include(missing.message, "MASTER_KEYS")

      const wrongKey = yield* otherVault(`new:${keyOf(3)},old:${keyOf(1)}`)
      assert.strictEqual(yield* reasonOf(wrongKey.open(fresh.address, fresh.bytes)), "Tampered")
      const wrong = yield* Effect.flip(wrongKey.checkStart)
      assert.deepStrictEqual([wrong.masterKeyId, wrong.problem], [MasterKeyId.make("new"), "wrong"])
      assert.include(wrong.message, '"new"')
    })
  )
})
