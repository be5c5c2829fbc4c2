import { Schema } from "effect"

/**
 * A text that no log and no error shows; `text` says what the text may be. The document calls it a password
 * beside its last check, so that must be one that JSON Schema knows.
 */
export const Secret = <Text extends Schema.ConstraintCodec<string, string>>(text: Text) =>
  Schema.RedactedFromValue(text).pipe(Schema.annotateEncoded({ format: "password" }))
