import { Api } from "@do-integrations/domain/Api"
import { RequiredScope, TenantWide } from "@do-integrations/domain/Api/Middleware"
import type { Scope } from "@do-integrations/domain/ApiKey"
import { Context, type Schema } from "effect"
import { HttpApi } from "effect/http-api"

/** What the contract says of an endpoint. */
export interface Endpoint {
  /** Such as `integrations.getIntegration`. */
  readonly name: string
  readonly method: string
  /** With its parameters, such as `/v1/integrations/:id`. */
  readonly path: string
  /** The scope that it needs; none where only the root key counts. */
  readonly scope: Scope | undefined
  readonly tenantWide: boolean
  /** It takes an `Idempotency-Key`. */
  readonly takesKey: boolean
  /** It answers with pages. */
  readonly paged: boolean
}

const has = (schema: Schema.Top | undefined, field: string) =>
  schema?.ast._tag === "Objects" && schema.ast.propertySignatures.some(({ name }) => name === field)

/** Every endpoint of the contract. */
export const endpoints = (): ReadonlyArray<Endpoint> => {
  const all: Array<Endpoint> = []
  HttpApi.reflect(Api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint, group }) =>
      all.push({
        name: `${group.identifier}.${endpoint.identifier}`,
        method: endpoint.method,
        path: endpoint.path.replace(/\/$/, ""),
        scope: Context.getOrUndefined(endpoint.annotations, RequiredScope),
        tenantWide: Context.getOrUndefined(endpoint.annotations, TenantWide) === true,
        takesKey: has(endpoint.headers, "idempotency-key"),
        paged: has(endpoint.query, "cursor")
      })
  })
  return all
}

const prefixes: ReadonlyArray<readonly [path: string, prefix: string]> = [
  ["/v1/tenants", "ten"],
  ["/v1/api-keys", "key"],
  ["/v1/integrations", "int"],
  ["/v1/webhooks/inbound", "whi"],
  ["/v1/webhooks/outbound", "who"],
  ["/v1/deliveries", "dlv"],
  ["/v1/messages", "msg"],
  ["/v1/jobs", "job"]
]

/** The endpoint's path with well-formed parameters that name nothing, so that only the caller is judged. */
export const pathOf = ({ path }: Endpoint): string => {
  const prefix = prefixes.find(([start]) => path.startsWith(`${start}/`))?.[1] ?? ""
  return path.replace(":type", "stripe").replace(":id", `${prefix}_01ja5c3v9tfk8b0000000000aa`)
}
