import { Schema } from "effect"

/** The name of an HTTP header (RFC 9110, section 5.1), up to 100 characters. */
export const HeaderName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/u, { message: "Expected the name of a header" })
).annotate({ identifier: "HeaderName", description: "The name of an HTTP header, up to 100 characters." })

const fault = (text: string): string | undefined => {
  if (/[\s\p{Cc}\p{Cs}]/u.test(text)) return "Expected a URL without spaces and control characters"
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return "Expected an https URL"
  if (url.username !== "" || url.password !== "") return "Expected a URL without user name and password"
  return url.hash === "" ? undefined : "Expected a URL without a fragment"
}

/**
 * An address that requests are sent to. Plain http passes here, because an operator may have opened an
 * exception for it; whether an address may be reached at all is the egress guard's decision.
 */
export const WebUrl = Schema.String.annotate({
  description: "An https URL of at most 2048 characters, without user name, password and fragment.",
  format: "uri",
  examples: ["https://example.com/webhooks"]
})
  .check(Schema.isMaxLength(2048), Schema.makeFilter(fault))
  .annotate({ identifier: "WebUrl" })
