import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { HmacTemplate, partsOf, type TemplatePart } from "../src/Webhook/Inbound/HmacTemplate.ts"
import { InboundScheme } from "../src/Webhook/Inbound/Scheme.ts"

const isTemplate = Schema.is(HmacTemplate)

/** A template's text from its parts. */
const written = (parts: ReadonlyArray<TemplatePart>): string =>
  parts
    .map((part) => {
      if (part.type === "text") return part.text
      return part.type === "header" ? `{header:${part.name}}` : `{${part.type}}`
    })
    .join("")

const Part = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("text"),
    text: Schema.String.check(Schema.isPattern(/^[a-z0-9.:;|=?& -]{1,10}$/))
  }),
  Schema.Struct({ type: Schema.Literals(["timestamp", "method", "url"]) }),
  Schema.Struct({
    type: Schema.Literal("header"),
    name: Schema.String.check(Schema.isPattern(/^[a-z0-9!#$%&'*+.^_`|~-]{1,12}$/))
  })
])

const Parts = Schema.Array(Part).check(Schema.isMaxLength(5))

describe("HmacTemplate", () => {
  it("reads what vendors sign", () => {
    assert.deepStrictEqual(partsOf("v0:{timestamp}:{body}"), [
      { type: "text", text: "v0:" },
      { type: "timestamp" },
      { type: "text", text: ":" },
      { type: "body" }
    ])
    assert.deepStrictEqual(partsOf("{method}{url}{header:X-Request-Id}{body}"), [
      { type: "method" },
      { type: "url" },
      { type: "header", name: "x-request-id" },
      { type: "body" }
    ])
    assert.deepStrictEqual(partsOf("no placeholder"), [{ type: "text", text: "no placeholder" }])
    assert.deepStrictEqual(partsOf(""), [])
  })

  it.effect.prop("reads back what was written", { before: Parts, after: Parts }, ({ after, before }) =>
    Effect.sync(() => {
      const template = written([...before, { type: "body" }, ...after])
      assert.strictEqual(written(partsOf(template)), template)
      const placeholders = (parts: ReadonlyArray<TemplatePart>) => parts.filter(({ type }) => type !== "text")
      assert.deepStrictEqual(
        placeholders(partsOf(template)),
        placeholders([...before, { type: "body" }, ...after])
      )
      assert.strictEqual(isTemplate(template), template.length <= 300)
    })
  )

  it("has the body once, and no braces but those of placeholders", () => {
    for (const template of ["{body}", "{timestamp}.{body}", "{body}{header:A}", "{header:a_b~c}{body}"]) {
      assert.isTrue(isTemplate(template), template)
    }
    for (const template of [
      "",
      "{timestamp}",
      "{body}{body}",
      "{body}{",
      "}{body}",
      "{{body}}",
      "{Body}",
      "{id}.{body}",
      "{header:}{body}",
      "{header:a b}{body}",
      `{header:${"a".repeat(101)}}{body}`,
      `${"a".repeat(295)}{body}`,
      "\0{body}",
      "\ud800{body}"
    ]) {
      assert.isFalse(isTemplate(template), template)
    }
  })

  it("names a time exactly where there is a header for it", () => {
    const isScheme = Schema.is(InboundScheme)
    const hmac = { type: "hmac", header: "X-S", algorithm: "sha256", encoding: "hex" }
    const timed = { ...hmac, timestampHeader: "X-T" }
    assert.isTrue(isScheme({ ...hmac, template: "{body}" }))
    assert.isTrue(isScheme({ ...timed, template: "{timestamp}.{body}" }))
    assert.isTrue(isScheme(timed))
    assert.isFalse(isScheme({ ...hmac, template: "{timestamp}.{body}" }))
    assert.isFalse(isScheme({ ...timed, template: "{body}" }))
  })
})
