import { Schema } from "effect"
import { described } from "../../Described.ts"
import { HeaderName } from "../../Http.ts"
import { DataPath } from "../DataPath.ts"

const InHeader = Schema.Struct({
  in: Schema.tag("header").pipe(described("It stands in a header of the request.")),
  name: HeaderName.pipe(described("The header; none that holds a secret."))
})

const InBody = Schema.Struct({
  in: Schema.tag("body").pipe(described("It stands in the body: JSON or a form.")),
  path: DataPath.pipe(
    described("The names that lead to it, such as `event.id`; a form has one name a field.")
  )
})

/** Where something that a sender says of its message stands. */
export const Locator = Schema.Union([InHeader, InBody]).annotate({ identifier: "Locator" })
export type Locator = typeof Locator.Type

/** How a repetition of a message is told: by what two requests with the same message have in common. */
export const Dedupe = Schema.Union([
  Schema.Struct({
    by: Schema.tag("header").pipe(described("By an id in a header of the request.")),
    name: HeaderName.pipe(described("The header; none that holds a secret."))
  }),
  Schema.Struct({
    by: Schema.tag("path").pipe(described("By an id in the body: JSON or a form.")),
    path: DataPath.pipe(
      described(
        "The names that lead to it, such as `event.id`. Where it leads to several, all of them tell the message; to a " +
          "hundred or more, to a missing one or to a number above 2^53: none does."
      )
    )
  }),
  Schema.Struct({
    by: Schema.tag("hash").pipe(described("By the body's SHA-256: the same bytes are one message."))
  }),
  Schema.Struct({ by: Schema.tag("nothing").pipe(described("Every request is a message of its own.")) })
]).annotate({ identifier: "Dedupe" })
export type Dedupe = typeof Dedupe.Type
