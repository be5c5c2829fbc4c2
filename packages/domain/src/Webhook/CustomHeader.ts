import { Redacted, Schema } from "effect"
import { described } from "../Described.ts"
import { HeaderName } from "../Http.ts"
import { Secret } from "../Secret.ts"

/** Headers that an endpoint may have of its own. */
export const maxHeaders = 20

/**
 * What the service sets itself, what belongs to the connection (RFC 9110, section 7.6.1) or to browsers,
 * and the one name that would be lost in an object.
 */
const reserved: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "date",
  "expect",
  "host",
  "keep-alive",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "__proto__"
])

const reservedPrefix = /^(?:webhook|svix|proxy|sec)-/

/** Whether endpoints may not choose a header of this name, however it is written. */
export const isReserved = (name: string): boolean => {
  const lower = name.toLowerCase()
  return reserved.has(lower) || reservedPrefix.test(lower)
}

/** The name of a header that an endpoint may choose. */
export const CustomHeaderName = HeaderName.annotate({
  description:
    "The name of a header; not one that the service or the connection sets, such as `content-type`, " +
    "`webhook-*`, `svix-*`, `proxy-*` and `sec-*`."
})
  .check(
    Schema.makeFilter((name) => !isReserved(name) || `Expected a name that is not reserved, got ${name}`)
  )
  .annotate({ identifier: "CustomHeaderName" })

/** A field value of RFC 9110, section 5.5, without what that section calls obsolete. */
const HeaderValue = Schema.String.check(
  Schema.isMaxLength(4096),
  Schema.isPattern(/^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/u, {
    message: "Expected printable ASCII characters, without a space at the beginning or the end"
  })
)

/** A header that deliveries to an endpoint carry besides those of Standard Webhooks. */
export const CustomHeader = Schema.Struct({
  name: CustomHeaderName.pipe(described("The header's name; upper and lower case are the same.")),
  value: Secret(HeaderValue).pipe(described("The header's value, up to 4096 printable ASCII characters.")),
  secret: Schema.optionalKey(Schema.Boolean).pipe(
    described("Whether the value is never shown again; left out: it is shown.")
  )
}).annotate({ identifier: "CustomHeader" })
export type CustomHeader = typeof CustomHeader.Type

/** The headers of one endpoint: each name once, upper and lower case being the same. */
export const CustomHeaders = Schema.Array(CustomHeader).check(
  Schema.isMaxLength(maxHeaders),
  Schema.makeFilter((headers) => {
    const names = headers.map(({ name }) => name.toLowerCase())
    const second = names.findIndex((name, index) => names.indexOf(name) < index)
    return (
      second === -1 || {
        path: [second, "name"],
        issue: `Expected each header once, got ${headers[second]?.name} again`
      }
    )
  })
)
export type CustomHeaders = typeof CustomHeaders.Type

/** What reading an endpoint gives back of a header. */
export const VisibleHeader = Schema.Struct({
  name: Schema.String.pipe(described("The header's name.")),
  value: Schema.optionalKey(Schema.String).pipe(
    described("The header's value; left out where it is secret.")
  ),
  secret: Schema.optionalKey(Schema.Boolean).pipe(described("Whether the value is never shown."))
}).annotate({ identifier: "VisibleHeader" })
export type VisibleHeader = typeof VisibleHeader.Type

/** What may be shown of a header: all of it, unless its value is secret. */
export const visible = ({ name, secret, value }: CustomHeader): VisibleHeader =>
  secret === true ? { name, secret } : { name, value: Redacted.value(value) }
