import { PgTypes } from "@effect/sql-pg"
import { Result } from "effect"

// The type of a plain array parameter is inferred from its elements, which fails when all of them are null.
const column =
  <A>(elementOid: number) =>
  (values: ReadonlyArray<A | null>) =>
    Result.getOrThrow(PgTypes.array(values, elementOid))

/** One column of rows for `unnest`, with its type: `unnest(${Column.text(ids)}, ${Column.int(counts)})`. */
export const text = column<string>(PgTypes.OID.text)
export const bytea = column<Uint8Array>(PgTypes.OID.bytea)
export const int = column<number>(PgTypes.OID.int4)
export const bigint = column<bigint>(PgTypes.OID.int8)
export const boolean = column<boolean>(PgTypes.OID.bool)
export const timestamptz = column<Date>(PgTypes.OID.timestamptz)
