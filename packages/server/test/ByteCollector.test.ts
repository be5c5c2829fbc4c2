import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { makeCollector } from "../src/Http/ByteCollector.ts"

const Sizes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 300 }))).check(
  Schema.isMaxLength(50)
)
const Declared = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5000 }))

describe("a collector of bytes", () => {
  it.effect.prop("joins pieces, whatever was declared", { sizes: Sizes, declared: Declared }, (given) =>
    Effect.sync(() => {
      const pieces = given.sizes.map((size, place) => Buffer.alloc(size, place + 1))
      const { add, bytes } = makeCollector(100_000, given.declared)
      for (const piece of pieces) assert.isTrue(add(piece))
      assert.isTrue(Buffer.concat(pieces).equals(bytes()))
    })
  )

  it.effect("keeps none of a million pieces, and nothing beside their bytes", () =>
    Effect.sync(() => {
      const { add, bytes } = makeCollector(1024 * 1024)
      // One object for all of them: whoever kept it would find the last byte everywhere.
      const piece = new Uint8Array(1)
      for (let place = 0; place < 1_000_000; place++) {
        piece[0] = place % 251
        add(piece)
      }
      const whole = bytes()
      assert.strictEqual(whole.length, 1_000_000)
      assert.isTrue(whole.every((byte, place) => byte === place % 251))
      assert.strictEqual(whole.buffer.byteLength, whole.length)
    })
  )

  it.effect("takes no piece beyond its bound, and no length that is none", () =>
    Effect.sync(() => {
      for (const declared of [undefined, 0, 3, 10, 1e9, Number.NaN]) {
        const { add, bytes } = makeCollector(10, declared)
        assert.isTrue(add(Buffer.from("12345678")))
        assert.isFalse(add(Buffer.from("abc")))
        assert.isTrue(add(Buffer.from("90")))
        assert.isFalse(add(Buffer.from("!")))
        assert.strictEqual(Buffer.from(bytes()).toString(), "1234567890")
      }
      assert.lengthOf(makeCollector(10).bytes(), 0)
    })
  )
})
