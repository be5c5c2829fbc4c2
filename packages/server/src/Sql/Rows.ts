import { Effect, Schema, String } from "effect"

/**
 * A row in the shape of the domain's JSON: names in camel case, times in ISO 8601, whole numbers as
 * numbers, and no key where the column is null.
 */
const toJson = (row: object): Record<string, unknown> => {
  const json: Record<string, unknown> = {}
  for (const [column, value] of Object.entries(row)) {
    if (value === null) continue
    json[String.snakeToCamel(column)] =
      value instanceof Date ? value.toISOString() : typeof value === "bigint" ? Number(value) : value
  }
  return json
}

/** Decodes rows by a schema of the domain. Rows that do not fit are a defect: the schema wrote them. */
export const rowsOf = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(schema)
  return (
    rows: ReadonlyArray<object>
  ): Effect.Effect<ReadonlyArray<S["Type"]>, never, S["DecodingServices"]> =>
    Effect.forEach(rows, (row) => decode(toJson(row))).pipe(Effect.orDie)
}
