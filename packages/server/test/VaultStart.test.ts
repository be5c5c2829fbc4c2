import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { MasterKeyId } from "../src/Vault/KeyManagement.ts"
import * as TestDatabase from "./support/TestDatabase.ts"
import { keyOf, otherVault, sealed, reasonOf } from "./support/Vaults.ts"

layer(TestDatabase.layer)("Vault.checkStart", (it) => {
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
