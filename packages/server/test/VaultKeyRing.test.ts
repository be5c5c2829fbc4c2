import { TenantId } from "@do-integrations/domain/Tenant"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Aead } from "effect/crypto"
import { Base64 } from "effect/encoding"
import { inspect } from "node:util"
import { KeyManagement } from "../src/Vault/KeyManagement.ts"
import * as KeyRing from "../src/Vault/KeyRing.ts"

const keyOf = (byte: number) => Base64.encode(new Uint8Array(32).fill(byte))
const ring = (text: string) => KeyRing.layer(Redacted.make(text))
const owner = { tenantId: TenantId.make("ten_01ja5c3v9tfk8b0000000000aa"), version: 1 }
const dataKey = Aead.key(Aead.aes256Gcm, new Uint8Array(32).fill(9))

it.effect.each([
  ["", "no id"],
  [keyOf(1), "no id"],
  [`:${keyOf(1)}`, "id of key 1"],
  [`a b:${keyOf(1)}`, "id of key 1"],
  [`${keyOf(1)}:main`, "id of key 1"],
  [`${"k".repeat(33)}:${keyOf(1)}`, "id of key 1"],
  [`a:${keyOf(1)},`, "key 2 has no id"],
  [`a:${keyOf(1)},b:not*base64`, 'key 2 ("b") is not base64'],
  [`a:${keyOf(1)},b:${Base64.encode(new Uint8Array(31).fill(7))}`, 'key 2 ("b") has 31 bytes instead of 32'],
  ["a:", 'key 1 ("a") has 0 bytes instead of 32'],
  [`a:${keyOf(1)},a:${keyOf(2)}`, "same id"]
] as const)("refuses %j", ([text, problem]) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Layer.build(ring(text)))
    assert.strictEqual(error._tag, "InvalidMasterKeys")
    assert.include(error.message, "MASTER_KEYS: ")
    assert.include(error.message, problem)
    const shown = error.message + JSON.stringify(error) + inspect(error, { depth: 9 }) + String(error)
    for (const secret of text.split(/[:,]/).filter((part) => part.length > 8 && !/^k+$/.test(part))) {
      assert.notInclude(shown, secret)
    }
  })
)

it.effect("names the file that the keys came from", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(
      Layer.build(KeyRing.layer(Redacted.make("nonsense"), "/keys/master-keys"))
    )
    assert.match(error.message, /^\/keys\/master-keys: /)
  })
)

it.effect("wraps under the first key and unwraps under every key", () =>
  Effect.gen(function* () {
    const key = yield* dataKey
    const wrapped = yield* KeyManagement.use((old) => old.wrap(key, owner)).pipe(
      Effect.provide(ring(`old:${keyOf(1)}`))
    )
    assert.strictEqual(wrapped.masterKeyId, "old")

    const rotated = yield* Effect.provide(KeyManagement, ring(`new:${keyOf(2)}, old:${keyOf(1)}`))
    assert.strictEqual(rotated.currentKeyId, "new")
    const unwrapped = yield* rotated.unwrap(wrapped, owner)
    assert.deepStrictEqual(yield* Aead.toBytes(unwrapped), yield* Aead.toBytes(key))
    const rewrapped = yield* rotated.wrap(unwrapped, owner)
    assert.strictEqual(rewrapped.masterKeyId, "new")
    assert.deepStrictEqual(
      yield* Aead.toBytes(yield* rotated.unwrap(rewrapped, owner)),
      yield* Aead.toBytes(key)
    )
  })
)

it.effect("binds a wrapped key to master key, tenant and version", () =>
  Effect.gen(function* () {
    const keys = yield* Effect.provide(KeyManagement, ring(`a:${keyOf(1)},same:${keyOf(1)}`))
    const wrapped = yield* keys.wrap(yield* dataKey, owner)
    const sameKey = yield* keys.wrap(yield* dataKey, owner)
    assert.notDeepEqual(wrapped.bytes, sameKey.bytes)

    const refused = (attempt: typeof wrapped, by = owner) =>
      Effect.map(Effect.flip(keys.unwrap(attempt, by)), (error) =>
        assert.strictEqual(error._tag, "UnwrapRefused")
      )
    const foreign = yield* Effect.provide(KeyManagement, ring(`same:${keyOf(1)}`))
    yield* refused({ ...wrapped, masterKeyId: foreign.currentKeyId })
    yield* refused(wrapped, { ...owner, tenantId: TenantId.make("ten_01ja5c3v9tfk8b0000000000ab") })
    yield* refused(wrapped, { ...owner, version: 2 })
    yield* refused({ ...wrapped, bytes: new Uint8Array(0) })
    for (const index of wrapped.bytes.keys()) {
      yield* refused({ ...wrapped, bytes: wrapped.bytes.with(index, (wrapped.bytes[index] ?? 0) ^ 1) })
    }
  })
)

it.effect("names a master key that it does not have", () =>
  Effect.gen(function* () {
    const key = yield* dataKey
    const wrapped = yield* KeyManagement.use((keys) => keys.wrap(key, owner)).pipe(
      Effect.provide(ring(`gone:${keyOf(1)}`))
    )
    const other = yield* Effect.provide(KeyManagement, ring(`other:${keyOf(1)}`))
    const error = yield* Effect.flip(other.unwrap(wrapped, owner))
    assert.strictEqual(error._tag, "UnknownMasterKey")
    assert.include(error.message, '"gone"')
  })
)
