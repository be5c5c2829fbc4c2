import { Schema } from "effect"

/**
 * Says what a field is, in the contract and in its document. It belongs to the field's place, not to its
 * type, so that one type may mean different things in two places.
 */
export const described =
  (description: string) =>
  <Field extends Schema.Top>(field: Field): Field["Rebuild"] =>
    field.ast.encoding === undefined
      ? field.annotateKey({ description })
      : // On the encoded side: a description on the decoded one is lost where the two differ.
        Schema.flip(Schema.flip(field).annotateKey({ description }))
