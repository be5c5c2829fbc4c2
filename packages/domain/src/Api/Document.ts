import { Equal, Predicate, Schema } from "effect"
import { HttpApi, OpenApi } from "effect/http-api"
import { IngressApi } from "./Ingress.ts"

const JsonObject = Schema.Record(Schema.String, Schema.Json)
type JsonObject = typeof JsonObject.Type

const partsOf = Schema.decodeUnknownSync(
  Schema.Struct({
    paths: JsonObject,
    tags: Schema.Array(Schema.Json),
    components: Schema.Struct({ schemas: JsonObject, securitySchemes: JsonObject })
  })
)

/** What senders use: served beside the API, and no part of the typed client. */
const ingress = HttpApi.make("ingress").add(IngressApi)

/** What the members of every problem document are (RFC 9457, section 3.1). */
const problemMembers: Readonly<Record<string, string>> = {
  type: "Tells the problems apart; it never changes.",
  status: "The HTTP status.",
  title: "The problem in a few words, the same each time.",
  detail: "What was wrong this time.",
  instance: "What identifies this occurrence."
}

const reference = "#/components/schemas/"

/**
 * The name of a schema in the code. There a class is `Event`; Effect calls the JSON that it travels as
 * `EventEncoded`, and `EventEncoded_1` where it stands in a described field.
 */
const plain = (name: string) => name.replace(/(?:Encoded)?(?:_\d+)?$/, "")

const isObject = (value: Schema.Json | undefined): value is JsonObject => Predicate.isObject(value)
const isArray = (value: Schema.Json | undefined): value is ReadonlyArray<Schema.Json> => Array.isArray(value)

/** Rewrites every object in a JSON value, the innermost first. */
const everywhere = (value: Schema.Json, rewrite: (object: JsonObject) => JsonObject): Schema.Json => {
  if (isArray(value)) return value.map((item) => everywhere(item, rewrite))
  if (!isObject(value)) return value
  return rewrite(
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, everywhere(item, rewrite)]))
  )
}

/** What a field's place says of it, such as its description, stands in `allOf`: moves it to the field. */
const unwrapped = (object: JsonObject): JsonObject => {
  const { allOf, ...own } = object
  if (!isArray(allOf)) return object
  const members = allOf.filter(isObject)
  const keywords = [own, ...members].flatMap(Object.keys).filter((keyword) => keyword !== "description")
  // Two of one keyword, such as two patterns, both hold only where they are.
  return new Set(keywords).size === keywords.length ? Object.assign(own, ...members) : object
}

const refersPlainly = (object: JsonObject): JsonObject =>
  typeof object["$ref"] === "string" && object["$ref"].startsWith(reference)
    ? { ...object, $ref: plain(object["$ref"]) }
    : object

/** `events.publishEvent` is `publishEvent`: the names are the product's own, and unique. */
const namedBare = (object: JsonObject): JsonObject =>
  typeof object["operationId"] === "string"
    ? { ...object, operationId: object["operationId"].replace(/^\w+\./, "") }
    : object

const isProblem = ({ type }: JsonObject) =>
  isObject(type) &&
  isArray(type["enum"]) &&
  String(type["enum"][0]).startsWith("urn:do-integrations:problem:")

const problemsDescribed = (object: JsonObject): JsonObject => {
  const properties = object["properties"]
  if (!isObject(properties) || !isProblem(properties)) return object
  const described = Object.entries(properties).map(([name, member]) => {
    const description = problemMembers[name]
    return [name, isObject(member) && description !== undefined ? { description, ...member } : member]
  })
  return { ...object, properties: Object.fromEntries(described) }
}

/** The schemas by their plain names; different ones of one name are a bug. */
const plainlyNamed = (schemas: JsonObject): JsonObject => {
  const named = new Map<string, Schema.Json>()
  for (const [key, schema] of Object.entries(schemas)) {
    const name = plain(key)
    if (named.has(name) && !Equal.equals(named.get(name), schema)) {
      throw new Error(`The document has two different schemas named ${name}`)
    }
    named.set(name, schema)
  }
  return Object.fromEntries(named)
}

/**
 * Makes the document that is given out of the one that Effect derives: with the way in for senders, with
 * names as in the code, and with every description where readers and tools look for it.
 */
export const finished = (document: Record<string, unknown>): Record<string, unknown> => {
  const api = partsOf(document)
  const senders = partsOf(OpenApi.fromApi(ingress))
  const rewritten = partsOf(
    everywhere(
      {
        paths: { ...api.paths, ...senders.paths },
        tags: [...api.tags, ...senders.tags],
        components: {
          ...api.components,
          schemas: { ...senders.components.schemas, ...api.components.schemas }
        }
      },
      (object) => problemsDescribed(namedBare(refersPlainly(unwrapped(object))))
    )
  )
  const components = { ...rewritten.components, schemas: plainlyNamed(rewritten.components.schemas) }
  return { ...document, ...rewritten, components }
}
