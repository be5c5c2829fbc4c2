import type { Fault } from "@do-integrations/domain/Problem"
import { type Schema, SchemaIssue } from "effect"

const segment = (part: PropertyKey | { readonly key: PropertyKey }): string | number => {
  const key = typeof part === "object" ? part.key : part
  return typeof key === "number" ? key : String(key)
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** The faults of a request that did not decode. Messages say what is expected and never what was sent. */
export const faultsOf = (slot: string, error: Schema.SchemaError): ReadonlyArray<Fault> =>
  format(error.issue).issues.map(({ message, path }) => ({
    path: [slot, ...(path ?? []).map(segment)],
    message
  }))
