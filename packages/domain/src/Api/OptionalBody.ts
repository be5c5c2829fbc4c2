import { Schema } from "effect"

/** The bodies of a request that may have none. Where JSON is expected, nothing at all is taken for `null`. */
export const optionalBody = <Body extends Schema.Constraint>(body: Body) => [body, Schema.Undefined] as const

const Bodies = Schema.Struct({
  content: Schema.Record(
    Schema.String,
    Schema.Struct({ schema: Schema.Struct({ anyOf: Schema.NonEmptyArray(Schema.Unknown) }) })
  )
})
const bodiesOf = Schema.decodeUnknownSync(Bodies)

/** Says in the document that the body of an operation may be left out, rather than that it may be `null`. */
export const bodyOptional = (operation: Record<string, unknown>) => {
  const { content } = bodiesOf(operation["requestBody"])
  const bodies = Object.entries(content).map(([type, { schema }]) => [type, { schema: schema.anyOf[0] }])
  return { ...operation, requestBody: { content: Object.fromEntries(bodies), required: false } }
}
