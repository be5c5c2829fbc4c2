import { Effect, Redacted, Schema } from "effect"
import { TestService } from "./TestService.ts"

/** What the typed client cannot express. */
export interface Request {
  readonly key?: Redacted.Redacted
  readonly body?: Schema.Json
  readonly headers?: Readonly<Record<string, string>>
}

/** A problem document as it is on the wire, with everything that it says. */
const Problem = Schema.fromJsonString(
  Schema.StructWithRest(
    Schema.Struct({
      type: Schema.String,
      status: Schema.Int,
      title: Schema.String,
      requiredScope: Schema.optionalKey(Schema.String),
      retryAfter: Schema.optionalKey(Schema.Int)
    }),
    [Schema.Record(Schema.String, Schema.Json)]
  )
)

/** Sends a request as it is and answers with what came back. The body of an endless answer is left unread. */
export const send = Effect.fnUntraced(function* (
  method: string,
  path: string,
  { body, headers, key }: Request = {}
) {
  const { url } = yield* TestService
  const response = yield* Effect.promise(() =>
    fetch(url + path, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${Redacted.value(key)}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  )
  const endless = response.headers.get("content-type")?.startsWith("text/event-stream") === true
  const text = endless ? "" : yield* Effect.promise(() => response.text())
  if (endless) yield* Effect.promise(async () => response.body?.cancel())
  return { status: response.status, headers: response.headers, text }
})

/** The problem that a request is refused with. */
export const problemOf = (text: string) => Schema.decodeEffect(Problem)(text)
