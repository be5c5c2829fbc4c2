import { assert, describe, it } from "@effect/vitest"
import { Context, Option, Predicate, Schema } from "effect"
import { type HttpApiEndpoint, OpenApi } from "effect/http-api"
import { Api } from "../src/Api.ts"
import { Authorization, Problems, RequiredScope, RootAuthorization } from "../src/Api/Middleware.ts"
import { Filter, maxComparisons, maxFilterDepth } from "../src/Webhook/Filter.ts"
import { operators } from "../src/Webhook/Filter/Operators.ts"

const document = OpenApi.fromApi(Api)
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  (["get", "post", "patch", "delete"] as const).flatMap((method) => {
    const operation = item[method]
    return operation === undefined ? [] : [{ name: `${method} ${path}`, path, ...operation }]
  })
)
/** What needs a key: everything but the way in for senders. */
const guarded = operations.filter(({ path }) => path.startsWith("/v1/"))
const endpoints = Object.values(Api.groups).flatMap((group) =>
  Object.values<HttpApiEndpoint.Top>(group.endpoints)
)

const Field = Schema.Struct({
  description: Schema.optionalKey(Schema.String),
  format: Schema.optionalKey(Schema.String),
  items: Schema.optionalKey(Schema.Struct({ format: Schema.optionalKey(Schema.String) }))
})
const fieldOf = Schema.decodeUnknownSync(Field)
const filterOf = Schema.decodeUnknownSync(
  Schema.Struct({ description: Schema.String, examples: Schema.Array(Schema.Json) })
)

/** Every field of a schema and of what is in it, named after where it stands. */
const fieldsOf = (
  name: string,
  schema: unknown
): ReadonlyArray<{ readonly name: string; readonly schema: typeof Field.Type }> => {
  if (Array.isArray(schema)) return schema.flatMap((item) => fieldsOf(name, item))
  if (!Predicate.isObject(schema)) return []
  return Object.entries(schema).flatMap(([keyword, value]) =>
    keyword === "properties" && Predicate.isObject(value)
      ? Object.entries(value).flatMap(([field, inner]) => [
          { name: `${name}.${field}`, schema: fieldOf(inner) },
          ...fieldsOf(`${name}.${field}`, inner)
        ])
      : fieldsOf(name, value)
  )
}
const answers = operations.flatMap(({ name, responses }) =>
  Object.values(responses).map((response) => [name, response.content?.["application/json"]?.schema] as const)
)
const fields = [...Object.entries(document.components.schemas), ...answers].flatMap(([name, schema]) =>
  fieldsOf(name, schema)
)

const keysOf = (endpoint: HttpApiEndpoint.Top) => Array.from(endpoint.middlewares, ({ key }) => key)

describe("OpenAPI document", () => {
  it("is of version 3.1 and holds every endpoint", () => {
    assert.match(document.openapi, /^3\.1\./)
    assert.strictEqual(guarded.length, endpoints.length)
    assert.isAtLeast(guarded.length, 40)
    assert.deepStrictEqual(
      operations.filter((operation) => !guarded.includes(operation)).map(({ name }) => name),
      ["post /in/{token}", "post /in/provider/{type}"]
    )
  })

  it("describes every group, endpoint and answer", () => {
    for (const { description, name } of document.tags) assert.isNotEmpty(description, name)
    const ids = operations.map(({ operationId }) => operationId)
    assert.strictEqual(new Set(ids).size, ids.length)
    for (const { description, name, operationId, responses, summary } of operations) {
      assert.match(operationId, /^[a-z][a-zA-Z]+$/, name)
      assert.match(summary ?? "", /^[A-Z][^.]{3,40}$/, `${name} has no summary`)
      assert.match(description ?? "", /^[A-Z].*\.$/s, `${name} has no description`)
      for (const response of Object.values(responses)) assert.isNotEmpty(response.description, name)
    }
  })

  it("answers every failure with a problem document, and every request may fail as one", () => {
    for (const { name, path, responses } of operations) {
      const failures = Object.entries(responses).filter(([status]) => Number(status) >= 400)
      const everyone = ["401", "413", "500"]
      for (const status of path.startsWith("/v1/") ? [...everyone, "400", "415", "429"] : everyone) {
        assert.include(Object.keys(responses), status, name)
      }
      for (const [status, { content }] of failures) {
        assert.deepStrictEqual(Object.keys(content ?? {}), ["application/problem+json"], `${name} ${status}`)
      }
    }
  })

  it("asks for the key of whoever may, everywhere but where senders post to", () => {
    const { apiKey, rootKey, ...others } = document.components.securitySchemes
    assert.match(apiKey?.description ?? "", /API key/)
    assert.match(rootKey?.description ?? "", /root key/)
    assert.isEmpty(others)
    for (const { name, path, security } of operations) {
      const key = path.startsWith("/v1/tenants") ? { rootKey: [] } : { apiKey: [] }
      assert.deepStrictEqual(security, path.startsWith("/v1/") ? [key] : [], name)
    }
  })

  it("describes every field", () => {
    assert.isAtLeast(fields.length, 300)
    for (const { name, schema } of fields) assert.match(schema.description ?? "", /^[A-Z`].*\.$/s, name)
    for (const { name, parameters } of operations) {
      for (const { in: place, name: parameter, schema } of parameters) {
        assert.match(fieldOf(schema).description ?? "", /^[A-Z`].*\.$/s, `${name} ${place} ${parameter}`)
      }
    }
  })

  it("describes every schema that has a name and no fields of its own", () => {
    const schemas = Object.entries(document.components.schemas)
    const fieldless = schemas.filter(([, schema]) => !("properties" in schema) && !("anyOf" in schema))
    const names = ["Filter", "DataPath", "CustomHeaderName", "Channels", "JobType", "JobState"]
    assert.includeMembers(
      fieldless.map(([name]) => name),
      names
    )
    const descriptions = fieldless.map(([name, schema]) => [name, fieldOf(schema).description ?? ""] as const)
    for (const [name, description] of descriptions) assert.match(description, /^[A-Za-z`].*\.$/s, name)
    // One that was taken over from what it is made of describes something else.
    assert.strictEqual(new Set(descriptions.map(([, description]) => description)).size, descriptions.length)
  })

  it("explains filters with every operator, the bounds and an example that is one", () => {
    const { description, examples } = filterOf(document.components.schemas["Filter"])
    for (const operator of [
      ...operators.keys(),
      "$and",
      "$or",
      "$not",
      `${maxComparisons}`,
      `${maxFilterDepth}`
    ]) {
      assert.include(description, operator)
    }
    assert.isNotEmpty(examples)
    for (const example of examples) assert.isTrue(Schema.is(Filter)(example))
  })

  it("says which fields are points in time", () => {
    const times = fields.filter(({ name }) => /\.(?:at|\w+At)$/.test(name) && !name.endsWith(".brokenAt"))
    assert.isAtLeast(times.length, 30)
    for (const { name, schema } of times) assert.strictEqual(schema.format, "date-time", name)
  })

  it("says which fields are secrets", () => {
    const secrets = fields.filter(
      ({ name }) =>
        (/\.(?:secrets?|credential)$/.test(name) && !name.includes("Header.")) ||
        ["CreatedInboundWebhook.url", "CustomHeader.value"].includes(name)
    )
    assert.sameMembers(
      secrets.map(({ name }) => name),
      [
        "CreatedApiKey.secret",
        "CreatedInboundWebhook.url",
        "CreatedOutboundWebhook.secret",
        "CustomHeader.value",
        "InboundWebhookPatch.secrets",
        "IntegrationPatch.credential",
        "NewInboundWebhook.secrets",
        "NewIntegration.credential",
        "PreviousSigningSecret.secret",
        "SigningSecrets.secret"
      ]
    )
    for (const { name, schema } of secrets) {
      assert.strictEqual((schema.items ?? schema).format, "password", name)
    }
  })

  it("shows how the main payloads look", () => {
    const schemas = document.components.schemas
    for (const name of [
      "NewTenant",
      "NewApiKey",
      "NewIntegration",
      "NewInboundWebhook",
      "NewOutboundWebhook",
      "NewEvent"
    ]) {
      assert.isNotEmpty(schemas[name]?.["examples"], name)
    }
  })

  it("says which bodies may be left out, and nowhere that one may be null", () => {
    const optional = operations.flatMap(({ name, requestBody }) =>
      requestBody === undefined || requestBody.required ? [] : [name]
    )
    assert.sameMembers(optional, [
      "post /v1/webhooks/inbound/{id}/rotate-secret",
      "post /v1/messages/{id}/replay",
      "post /v1/webhooks/outbound/{id}/rotate-secret",
      "post /v1/webhooks/outbound/{id}/resume"
    ])
    for (const name of ["Rotation", "Resumption"]) {
      assert.strictEqual(document.components.schemas[name]?.["type"], "object")
    }
  })

  it("names its schemas as the code does, and refers to none that is not there", () => {
    const names = Object.keys(document.components.schemas)
    for (const name of ["Event", "Integration", "NotFound", "CreatedApiKey"]) assert.include(names, name)
    for (const name of names) assert.match(name, /^[A-Z][a-zA-Z]+$/)
    for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      assert.include(names, name)
    }
  })
})

describe("endpoints", () => {
  it("name the scope they need when a tenant's key opens them, and none when the root key does", () => {
    for (const endpoint of endpoints) {
      const keys = keysOf(endpoint)
      const scope = Context.getOption(endpoint.annotations, RequiredScope)
      const { identifier } = endpoint
      assert.strictEqual(keys.includes(Authorization.key), Option.isSome(scope), identifier)
      assert.strictEqual(keys.includes(RootAuthorization.key), Option.isNone(scope), identifier)
      assert.include(keys, Problems.key, identifier)
    }
  })

  it("that only read ask for a scope that only reads", () => {
    for (const endpoint of endpoints) {
      const scope = Context.getOption(endpoint.annotations, RequiredScope)
      if (Option.isNone(scope) || scope.value === "keys:admin") continue
      assert.strictEqual(scope.value.endsWith(":read"), endpoint.method === "GET", endpoint.identifier)
    }
  })
})
