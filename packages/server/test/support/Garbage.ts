import { Schema } from "effect"
import type { Operation } from "./OpenApiDocument.ts"
import type { RawRequest } from "./RawHttp.ts"

/** What a run is made of: values, and choices between the ways to go wrong. */
export const Ingredients = Schema.Struct({
  wild: Schema.Json,
  text: Schema.String,
  choices: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 - 1 }))).check(
    Schema.isMinLength(4),
    Schema.isMaxLength(40)
  )
})
export type Ingredients = typeof Ingredients.Type

/** What has broken other services. */
const nasty: ReadonlyArray<Schema.Json> = [
  "",
  "\0",
  "\ud800",
  "__proto__",
  "constructor",
  "a".repeat(10_000),
  "'; DROP TABLE tenants; --",
  "../../etc/passwd",
  "%00",
  "${7*7}",
  "\u202e\ufeff",
  "int_01ja5c3v9tfk8b0000000000aa",
  "18446744073709551616-1",
  "NaN",
  "1e999",
  "-0",
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  5e-324,
  2 ** 53,
  -(2 ** 31),
  [],
  {},
  [[[[[]]]]],
  { "": null },
  { "\0": "\0" },
  JSON.parse('{"__proto__":{"admin":true}}')
]

/** Hands out choices one after the other, over and over. */
export const chooser = ({ choices }: Ingredients) => {
  let turn = 0
  const next = () => (choices[turn % choices.length] ?? 0) + 7919 * turn++
  return {
    /** Whether to do what is done one time in `n`. */
    oneIn: (n: number) => next() % n === 0,
    of: <A>(first: A, ...rest: ReadonlyArray<A>): A => [first, ...rest][next() % (rest.length + 1)] ?? first
  }
}
export type Chooser = ReturnType<typeof chooser>

const isArray = (value: Schema.Json): value is ReadonlyArray<Schema.Json> => Array.isArray(value)

/** Replaces, removes, adds or wraps one thing somewhere in a value. */
const mutated = (value: Schema.Json, choose: Chooser, wild: Schema.Json): Schema.Json => {
  const garbage = () => choose.of<Schema.Json>(wild, ...nasty)
  if (typeof value !== "object" || value === null || choose.oneIn(6)) return garbage()
  const entries = Object.entries(value)
  const [first, ...others] = entries
  if (first === undefined) return garbage()
  const [key] = choose.of(first, ...others)
  const change = choose.of("descend", "descend", "remove", "add", "wrap")
  const changed = entries.flatMap(([name, child]): ReadonlyArray<readonly [string, Schema.Json]> => {
    if (name !== key) return [[name, child]]
    if (change === "remove") return []
    if (change === "add")
      return [
        [name, child],
        [choose.of("__proto__", "extra", "\0", ""), garbage()]
      ]
    return [[name, change === "wrap" ? [child] : mutated(child, choose, wild)]]
  })
  return isArray(value) ? changed.map(([, child]) => child) : Object.fromEntries(changed)
}

const asText = (value: Schema.Json) => (typeof value === "string" ? value : JSON.stringify(value))

const encoded = (text: string) => encodeURIComponent(text.toWellFormed())

/** Header values hold no control characters and nothing beyond Latin-1. */
const inHeader = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 1000)

/**
 * A request to an operation that is right in parts and garbage in others. `known` are ids that there are;
 * nothing is deleted by them, so that later requests find something.
 */
export const garbageFor = (
  operation: Operation,
  ingredients: Ingredients,
  choose: Chooser,
  known: ReadonlyArray<string>
): RawRequest => {
  const { text, wild } = ingredients
  const garbage = () => asText(choose.of<Schema.Json>(text, ...nasty))
  const ids = operation.method === "DELETE" ? [] : known
  const value = () =>
    choose.oneIn(2) ? choose.of("1", "stripe", "github", "a.b", "pending", ...ids) : garbage()
  let path = operation.path
  const query: Array<string> = []
  const headers: Record<string, string> = {}
  for (const parameter of operation.parameters) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encoded(value()))
    else if (choose.oneIn(2)) continue
    else if (parameter.in === "header") headers[parameter.name] = inHeader(value())
    else query.push(`${parameter.name}=${encoded(value())}`)
  }
  if (choose.oneIn(6)) query.push(choose.of("limit=1", "__proto__=1", `${encoded(garbage())}`, "%", "&&=&"))
  if (query.length > 0) path += `?${query.join("&")}`
  if (operation.body === undefined && !choose.oneIn(8)) return { method: operation.method, path, headers }
  const example = operation.body ?? null
  const json = choose.oneIn(5) ? example : choose.oneIn(5) ? wild : mutated(example, choose, wild)
  const whole = JSON.stringify(json)
  const body = choose.oneIn(10)
    ? choose.of(text, whole.slice(1), `${whole}${whole}`, "\xff\0", "[".repeat(50_000))
    : whole
  headers["content-type"] = choose.oneIn(12)
    ? choose.of("text/plain", "*/*", "application/json; charset=x", "")
    : "application/json"
  return { method: operation.method, path, headers, body }
}
