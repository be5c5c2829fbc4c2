import { Effect, Schema, SchemaIssue, SchemaParser } from "effect"

/**
 * A schema that hands on the very value that it checked, with the fields that it does not name; a struct alone would
 * drop them. What it checks by may transform nothing.
 */
export const whole = <Checked extends Schema.Codec<unknown, unknown>>(
  checked: Checked
): Schema.Codec<Checked["Type"]> =>
  Schema.declareConstructor<Checked["Type"]>()([checked], ([inner]) => {
    const fits = Schema.is(inner)
    const decode = SchemaParser.decodeUnknownEffect(inner)
    return (input, ast, options) =>
      fits(input)
        ? Effect.succeed(input)
        : // Decoding says where it does not fit.
          Effect.flatMap(decode(input, options), () =>
            Effect.fail(new SchemaIssue.InvalidType(ast, input, options))
          )
  })
