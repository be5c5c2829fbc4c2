import { assert, describe, it } from "@effect/vitest"
import { Context, Option } from "effect"
import { type HttpApiEndpoint, OpenApi } from "effect/http-api"
import { Api } from "../src/Api.ts"
import { Authorization, Problems, RequiredScope, RootAuthorization } from "../src/Api/Middleware.ts"

const document = OpenApi.fromApi(Api)
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  (["get", "post", "patch", "delete"] as const).flatMap((method) => {
    const operation = item[method]
    return operation === undefined ? [] : [{ name: `${method} ${path}`, ...operation }]
  })
)
const endpoints = Object.values(Api.groups).flatMap((group) =>
  Object.values<HttpApiEndpoint.Top>(group.endpoints)
)
const keysOf = (endpoint: HttpApiEndpoint.Top) => Array.from(endpoint.middlewares, ({ key }) => key)

describe("OpenAPI document", () => {
  it("is of version 3.1 and holds every endpoint", () => {
    assert.match(document.openapi, /^3\.1\./)
    assert.strictEqual(operations.length, endpoints.length)
    assert.isAtLeast(operations.length, 40)
  })

  it("describes every group, endpoint and answer", () => {
    for (const { description, name } of document.tags) assert.isNotEmpty(description, name)
    const ids = operations.map(({ operationId }) => operationId)
    assert.strictEqual(new Set(ids).size, ids.length)
    for (const { description, name, operationId, responses, summary } of operations) {
      assert.match(operationId, /^[a-zA-Z]+\.[a-zA-Z]+$/, name)
      assert.match(description ?? summary ?? "", /^[A-Z].*\.$/s, `${name} has no description`)
      for (const response of Object.values(responses)) assert.isNotEmpty(response.description, name)
    }
  })

  it("answers every failure with a problem document, and every request may fail as one", () => {
    for (const { name, responses } of operations) {
      const failures = Object.entries(responses).filter(([status]) => Number(status) >= 400)
      for (const status of ["400", "401", "413", "415", "429", "500"]) {
        assert.include(Object.keys(responses), status, name)
      }
      for (const [status, { content }] of failures) {
        assert.deepStrictEqual(Object.keys(content ?? {}), ["application/problem+json"], `${name} ${status}`)
      }
    }
  })

  it("asks for a key everywhere", () => {
    for (const { name, security } of operations) assert.deepStrictEqual(security, [{ bearer: [] }], name)
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

  it("names its schemas as the code does, and refers to none that is not there", () => {
    const names = Object.keys(document.components.schemas)
    for (const name of ["Event", "Integration", "NotFound", "CreatedApiKey"]) assert.include(names, name)
    assert.deepStrictEqual(
      names.filter((name) => /Encoded|_\d|^\d/.test(name)),
      []
    )
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
