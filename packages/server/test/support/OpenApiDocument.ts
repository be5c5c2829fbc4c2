import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { sendRaw } from "./RawHttp.ts"
import { TestService } from "./TestService.ts"

/** An operation as the document describes it. */
export interface Operation {
  readonly id: string
  readonly method: string
  /** Such as `/v1/events/{id}`. */
  readonly path: string
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly in: "path" | "query" | "header" }>
  /** A body that fits, where the operation takes one. */
  readonly body: Schema.Json | undefined
}

const JsonObject = Schema.Record(Schema.String, Schema.Json)

const Reference = Schema.Struct({ $ref: Schema.String })

const Described = Schema.Struct({
  operationId: Schema.String,
  parameters: Schema.Array(
    Schema.Struct({ name: Schema.String, in: Schema.Literals(["path", "query", "header"]) })
  ),
  requestBody: Schema.optionalKey(
    Schema.Struct({ content: Schema.Record(Schema.String, Schema.Struct({ schema: Reference })) })
  )
})

const Document = Schema.Struct({
  paths: Schema.Record(Schema.String, Schema.Record(Schema.String, Described)),
  components: Schema.Struct({ schemas: Schema.Record(Schema.String, JsonObject) })
})

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Document))

/** The parts of a JSON Schema that an example is made of. */
const Sketch = Schema.Struct({
  $ref: Schema.optionalKey(Schema.String),
  examples: Schema.optionalKey(Schema.NonEmptyArray(Schema.Json)),
  enum: Schema.optionalKey(Schema.NonEmptyArray(Schema.Json)),
  anyOf: Schema.optionalKey(Schema.NonEmptyArray(Schema.Json)),
  type: Schema.optionalKey(Schema.String),
  format: Schema.optionalKey(Schema.String),
  minimum: Schema.optionalKey(Schema.Finite),
  properties: Schema.optionalKey(JsonObject),
  items: Schema.optionalKey(Schema.Json)
})
const sketchOf = Schema.decodeUnknownSync(Sketch)

/** A value that fits a schema of the document: its own example, or one made from its parts. */
const exampleOf = (
  schema: Schema.Json,
  schemas: (typeof Document.Type)["components"]["schemas"]
): Schema.Json => {
  const { $ref, anyOf, enum: values, examples, format, items, minimum, properties, type } = sketchOf(schema)
  if ($ref !== undefined) return exampleOf(schemas[$ref.replace("#/components/schemas/", "")] ?? {}, schemas)
  const given = examples ?? values
  if (given !== undefined) return given[0]
  if (anyOf !== undefined) return exampleOf(anyOf[0], schemas)
  switch (type) {
    case "string":
      return format === "uri" ? "https://127.0.0.1" : "text"
    case "integer":
    case "number":
      return minimum ?? 1
    case "boolean":
      return true
    case "array":
      return items === undefined ? [] : [exampleOf(items, schemas)]
    default: {
      const fields = Object.entries(properties ?? {})
      return Object.fromEntries(fields.map(([name, field]) => [name, exampleOf(field, schemas)]))
    }
  }
}

/** Every operation of `/openapi.json`, as the running service gives it out. */
export const operations = Effect.gen(function* () {
  const { url } = yield* TestService
  const answer = yield* sendRaw(url, { method: "GET", path: "/openapi.json" })
  assert.strictEqual(answer.status, 200)
  const { components, paths } = yield* Effect.orDie(decode(answer.body))
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters, requestBody }]): Operation => {
      const schema = Object.values(requestBody?.content ?? {})[0]?.schema
      return {
        id: operationId,
        method: method.toUpperCase(),
        path,
        parameters,
        body: schema === undefined ? undefined : exampleOf(schema, components.schemas)
      }
    })
  )
})
