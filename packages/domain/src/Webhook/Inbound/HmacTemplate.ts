import { Schema } from "effect"
import { storable } from "../../Text.ts"

/** What a template may name beside `{header:NAME}`. */
const names = ["body", "timestamp", "method", "url"] as const

/** A piece of what is signed: text, or what stands in the request. */
export type TemplatePart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: (typeof names)[number] }
  | { readonly type: "header"; readonly name: string }

const placeholder = /\{(?:(body|timestamp|method|url)|header:([A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}))\}/g

/** Reads a template. What is no placeholder is text; header names come in lower case. */
export const partsOf = (template: string): ReadonlyArray<TemplatePart> => {
  const parts: Array<TemplatePart> = []
  let end = 0
  const text = (until: number) => {
    if (until > end) parts.push({ type: "text", text: template.slice(end, until) })
  }
  for (const match of template.matchAll(placeholder)) {
    text(match.index)
    end = match.index + match[0].length
    const type = names.find((name) => name === match[1])
    if (type !== undefined) parts.push({ type })
    else parts.push({ type: "header", name: (match[2] ?? "").toLowerCase() })
  }
  text(template.length)
  return parts
}

const fault = (template: string): string | undefined => {
  const parts = partsOf(template)
  if (parts.filter(({ type }) => type === "body").length !== 1) return "Expected {body} exactly once"
  return parts.some((part) => part.type === "text" && /[{}]/.test(part.text))
    ? "Expected no braces but those of {body}, {timestamp}, {method}, {url} and {header:NAME}"
    : undefined
}

/** What a sender signs, with placeholders: `{body}` (once), `{timestamp}`, `{method}`, `{url}`, `{header:NAME}`. */
export const HmacTemplate = Schema.String.annotate({
  description:
    "What is signed: text with `{body}` (once), `{timestamp}`, `{method}`, `{url}` (as the sender called it) and " +
    "`{header:NAME}` in it.",
  examples: ["{timestamp}.{body}", "v0:{timestamp}:{body}"]
})
  .check(Schema.isMaxLength(300), storable, Schema.makeFilter(fault))
  .annotate({ identifier: "HmacTemplate" })
