import { Effect, Schema, SchemaIssue, SchemaParser } from "effect"

/**
 * A schema that hands on the very value that it checked, with the fields that it does not name; a struct alone would
 * drop them. What it checks by may transform nothing, and is made when it is first used: importing many costs little.
 */
export const whole = <Checked extends Schema.Codec<unknown, unknown>>(
  checked: () => Checked
): Schema.Codec<Checked["Type"]> =>
  Schema.declareConstructor<Checked["Type"]>()([], () => {
    const schema = checked()
    const fits = Schema.is(schema)
    const decode = SchemaParser.decodeUnknownEffect(schema)
    return (input, ast, options) =>
      fits(input)
        ? Effect.succeed(input)
        : // Decoding says where it does not fit.
          Effect.flatMap(decode(input, options), () =>
            Effect.fail(new SchemaIssue.InvalidType(ast, input, options))
          )
  })
