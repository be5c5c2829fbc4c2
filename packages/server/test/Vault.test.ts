import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Redacted, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { type Address, Vault } from "../src/Vault.ts"
import { KeyManagement } from "../src/Vault/KeyManagement.ts"
import { SecretBox } from "../src/Vault/SecretBox.ts"
import * as TestDatabase from "./support/TestDatabase.ts"
import { keyOf, vaultLayer, otherVault, newTenant, addressOf, sealed, reasonOf } from "./support/Vaults.ts"

const flipped = (bytes: Uint8Array, index: number) => bytes.with(index, (bytes[index] ?? 0) ^ 1)

const mainRing = `main:${keyOf(1)}`

layer(vaultLayer(mainRing).pipe(Layer.provideMerge(TestDatabase.layer)))("Vault", (it) => {
  it.effect.prop(
    "opens what it sealed, whatever the text; refuses text that UTF-8 cannot carry",
    {
      start: Schema.Literals(["", "\uFEFF", "\0", "\u{1F600}", "\uD800", "x".repeat(100_000)]),
      rest: Schema.String
    },
    Effect.fnUntraced(function* ({ rest, start }) {
      const secret = start + rest
      const vault = yield* Vault
      const { address } = yield* sealed("", vault)
      const sealing = vault.seal(address, Redacted.make(secret))
      if (!secret.isWellFormed()) return assert.strictEqual(yield* reasonOf(sealing), "Malformed")
      const bytes = yield* sealing
      assert.strictEqual(Redacted.value(yield* vault.open(address, bytes)), secret)
      assert.notDeepEqual(yield* sealing, bytes)
    })
  )

  it.effect("finds any changed byte", () =>
    Effect.gen(function* () {
      const vault = yield* Vault
      const { address, bytes } = yield* sealed("sk_live_1", vault)
      assert.strictEqual(yield* reasonOf(vault.open(address, flipped(bytes, 0))), "Malformed")
      for (let index = 1; index < bytes.length; index++) {
        assert.strictEqual(yield* reasonOf(vault.open(address, flipped(bytes, index))), "Tampered")
      }
    })
  )

  it.effect("refuses bytes that are cut short", () =>
    Effect.gen(function* () {
      const vault = yield* Vault
      const { address, bytes } = yield* sealed("sk_live_1", vault)
      const leastLength = bytes.length - "sk_live_1".length
      for (let length = 0; length < bytes.length; length++) {
        const expected = length < leastLength ? "Malformed" : "Tampered"
        assert.strictEqual(yield* reasonOf(vault.open(address, bytes.subarray(0, length))), expected)
      }
    })
  )

  it.effect("opens a secret at its own address alone", () =>
    Effect.gen(function* () {
      const vault = yield* Vault
      const { address, bytes } = yield* sealed("sk_live_1", vault)
      const other = yield* sealed("sk_live_2", vault)
      const elsewhere: ReadonlyArray<Partial<Address>> = [
        { tenantId: other.address.tenantId },
        { table: "connections" },
        { row: "int_2" },
        { field: "webhookSecret" },
        { table: "integration", row: "sint_1" },
        { row: "int_1a", field: "piKey" }
      ]
      for (const change of elsewhere) {
        assert.strictEqual(yield* reasonOf(vault.open({ ...address, ...change }, bytes)), "Tampered")
      }
      assert.strictEqual(Redacted.value(yield* vault.open(address, bytes)), "sk_live_1")
    })
  )

  it.effect("shreds: after destroyKeys nothing opens, here or elsewhere", () =>
    Effect.gen(function* () {
      const vault = yield* Vault
      const { address, bytes } = yield* sealed("sk_live_1", vault)
      const neighbour = yield* sealed("sk_live_2", vault)
      yield* vault.destroyKeys(address.tenantId)
      assert.strictEqual(yield* reasonOf(vault.open(address, bytes)), "NoDataKey")
      assert.strictEqual(yield* reasonOf(vault.seal(address, Redacted.make(""))), "NoDataKey")
      assert.strictEqual(yield* reasonOf((yield* otherVault(mainRing)).open(address, bytes)), "NoDataKey")
      assert.strictEqual(Redacted.value(yield* vault.open(neighbour.address, neighbour.bytes)), "sk_live_2")
    })
  )

  it.effect("keeps the keys when the transaction that destroys them rolls back", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const vault = yield* Vault
      const { address, bytes } = yield* sealed("sk_live_1", vault)
      const aborted = Effect.andThen(vault.destroyKeys(address.tenantId), Effect.fail("abort"))
      yield* Effect.flip(sql.withTransaction(aborted))
      assert.strictEqual(Redacted.value(yield* vault.open(address, bytes)), "sk_live_1")
    })
  )

  it.effect("never seals under a key whose transaction rolled back", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const vault = yield* Vault
      const address = addressOf(yield* newTenant)
      const create = Effect.andThen(
        vault.createKey(address.tenantId),
        vault.seal(address, Redacted.make("sk_live_1"))
      )
      const lost = yield* Deferred.make<Uint8Array>()
      const aborted = create.pipe(
        Effect.tap((bytes) => Deferred.succeed(lost, bytes)),
        Effect.andThen(Effect.fail("abort"))
      )
      yield* Effect.flip(sql.withTransaction(aborted))
      const kept = yield* sql.withTransaction(create)
      const elsewhere = yield* otherVault(mainRing)
      assert.strictEqual(Redacted.value(yield* elsewhere.open(address, kept)), "sk_live_1")
      assert.strictEqual(yield* reasonOf(elsewhere.open(address, yield* Deferred.await(lost))), "Tampered")
    })
  )

  it.effect("refuses a second key for a tenant", () =>
    Effect.gen(function* () {
      const vault = yield* Vault
      const { address, bytes } = yield* sealed("sk_live_1", vault)
      assert.isTrue(Exit.hasDies(yield* Effect.exit(vault.createKey(address.tenantId))))
      assert.strictEqual(
        Redacted.value(yield* (yield* otherVault(mainRing)).open(address, bytes)),
        "sk_live_1"
      )
    })
  )

  it.effect("lets a transaction read a key that another fiber outside waits for", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { address, bytes } = yield* sealed("sk_live_1", yield* Vault)
      const vault = yield* otherVault(mainRing)
      const began = yield* Deferred.make<void>()
      const waited = yield* Deferred.make<void>()
      const inside = yield* sql
        .withTransaction(
          Deferred.succeed(began, undefined).pipe(
            Effect.andThen(Deferred.await(waited)),
            Effect.andThen(vault.open(address, bytes))
          )
        )
        .pipe(Effect.forkChild)
      yield* Deferred.await(began)
      const outside = yield* Effect.forkChild(vault.open(address, bytes))
      yield* TestClock.withLive(Effect.sleep("20 millis"))
      yield* Deferred.succeed(waited, undefined)
      const both = Effect.all([Fiber.join(inside), Fiber.join(outside)])
      const opened = yield* TestClock.withLive(Effect.timeout(both, "5 seconds"))
      assert.deepStrictEqual(opened.map(Redacted.value), ["sk_live_1", "sk_live_1"])
    })
  )

  it.effect("forgets keys that were being read while they were destroyed", () =>
    Effect.gen(function* () {
      const keys = yield* KeyManagement
      const { address, bytes } = yield* sealed("sk_live_1", yield* Vault)
      const reading = yield* Deferred.make<void>()
      const destroyed = yield* Deferred.make<void>()
      const slowKeys = Layer.succeed(KeyManagement, {
        ...keys,
        unwrap: (wrapped, owner) =>
          Deferred.succeed(reading, undefined).pipe(
            Effect.andThen(Deferred.await(destroyed)),
            Effect.andThen(keys.unwrap(wrapped, owner))
          )
      })
      const vault = yield* Effect.provide(Vault, Layer.fresh(Vault.layer.pipe(Layer.provide(slowKeys))))
      const opening = yield* Effect.forkChild(vault.open(address, bytes))
      yield* Deferred.await(reading)
      yield* vault.destroyKeys(address.tenantId)
      yield* Deferred.succeed(destroyed, undefined)
      assert.strictEqual(Redacted.value(yield* Fiber.join(opening)), "sk_live_1")
      assert.strictEqual(yield* reasonOf(vault.open(address, bytes)), "NoDataKey")
    })
  )

  it.effect("keeps a tenant's keys for five minutes", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const vault = yield* Vault
      const { address, bytes } = yield* sealed("sk_live_1", vault)
      yield* sql`DELETE FROM data_keys WHERE tenant_id = ${address.tenantId}`
      yield* TestClock.adjust("299 seconds")
      assert.strictEqual(Redacted.value(yield* vault.open(address, bytes)), "sk_live_1")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* reasonOf(vault.open(address, bytes)), "NoDataKey")
    })
  )

  it.effect("seals under the newest data key and opens under all of them", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const keys = yield* KeyManagement
      const vault = yield* Vault
      const { address, bytes } = yield* sealed("before", vault)
      const owner = { tenantId: address.tenantId, version: 2 }
      const { bytes: wrapped, masterKeyId } = yield* keys.wrap(
        yield* SecretBox.use((box) => box.generateKey),
        owner
      )
      yield* sql`INSERT INTO data_keys ${sql.insert({ tenant_id: owner.tenantId, version: 2, wrapped, master_key_id: masterKeyId })}`

      const rotated = yield* otherVault(mainRing)
      const resealed = yield* rotated.seal(address, Redacted.make("after"))
      assert.deepStrictEqual(
        [...bytes.subarray(0, 5), ...resealed.subarray(0, 5)],
        [1, 0, 0, 0, 1, 1, 0, 0, 0, 2]
      )
      assert.strictEqual(Redacted.value(yield* rotated.open(address, bytes)), "before")
      assert.strictEqual(Redacted.value(yield* vault.open(address, resealed)), "after")
    }).pipe(Effect.provide(SecretBox.layer))
  )

  it.effect("shows no secret in errors, sealed bytes or table", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const vault = yield* Vault
      const secret = "sk_live_canary\uD800"
      const { address, bytes } = yield* sealed("sk_live_canary", vault)
      const foreign = yield* otherVault(`other:${keyOf(8)}`)
      const errors = yield* Effect.all([
        Effect.flip(vault.seal(address, Redacted.make(secret))),
        Effect.flip(vault.open(address, flipped(bytes, 20))),
        Effect.flip(vault.open({ ...address, tenantId: yield* newTenant }, bytes)),
        Effect.flip(foreign.open(address, bytes)),
        Effect.flip(foreign.checkStart)
      ])
      const rows =
        yield* sql`SELECT tenant_id, master_key_id, encode(wrapped, 'base64') AS wrapped FROM data_keys`
      const shown = [
        inspect([errors, vault, foreign, yield* vault.open(address, bytes)], { depth: 12, showHidden: true }),
        JSON.stringify([errors, rows]),
        ...errors.flatMap((error) => [error.message, String(error)]),
        Buffer.from(bytes).toString("latin1")
      ].join("\n")
      for (const canary of ["sk_live_canary", keyOf(1), keyOf(8)]) assert.notInclude(shown, canary)
      assert.isTrue(errors.every(({ message }) => message.length > 20))
    })
  )
})
