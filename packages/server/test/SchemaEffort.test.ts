import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { faults } from "../src/EventLog/JsonSchema.ts"
import { effort } from "../src/EventLog/SchemaEffort.ts"

it.effect("counts the checks of each value at its depth", () =>
  Effect.sync(() => {
    assert.strictEqual(effort({ type: "object" }, { a: 1, b: [1, 2] }), 1)
    assert.strictEqual(effort({ items: { type: "null" } }, [1, 2, 3]), 4)
    assert.strictEqual(effort({ items: { anyOf: [{}, {}, {}] } }, [1, 2]), 1 + 2 * 4)
    // One property's schema looks at each value, however many there are.
    assert.strictEqual(effort({ properties: { a: {}, b: {}, c: {} } }, { a: 1, b: 2, c: 3 }), 1 + 3)
    assert.strictEqual(effort({ enum: [1, [2, 3]] }, 1), 1 + 5)
  })
)

it.effect("refuses in no time what would take minutes", () =>
  Effect.sync(() => {
    const schema = { items: { anyOf: Array.from({ length: 1900 }, () => ({ type: "null" })) } }
    const data = Array.from({ length: 120_000 }, () => 1)
    assert.match(faults(schema, data)[0]?.message ?? "", /too large for one another/)
  })
)

it.effect("checks the largest event by an ordinary schema", () =>
  Effect.sync(() => {
    const schema = { type: "array", items: { type: "integer", minimum: 0 } }
    assert.deepStrictEqual(
      faults(
        schema,
        Array.from({ length: 100_000 }, (_, index) => index)
      ),
      []
    )
  })
)

it.prop(
  "is never more than every check for every value",
  { data: Schema.Json, schema: Schema.Json },
  ({ data, schema }) => {
    const size = (value: Schema.Json): number =>
      typeof value === "object" && value !== null
        ? Object.values(value).reduce((total: number, child) => total + size(child), 1)
        : 1
    assert.isAtMost(effort(schema, data), size(schema) * 2 * size(data))
  }
)
