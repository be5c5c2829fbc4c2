import { Api } from "@do-integrations/domain/Api"
import { MethodNotAllowed, NotFound } from "@do-integrations/domain/Problem"
import { Effect } from "effect"
import { HttpServerError, HttpServerRequest, type HttpServerResponse } from "effect/http"
import { HttpApi } from "effect/http-api"
import { exchange } from "./Exchange.ts"

/** The methods of each path of the API, by a pattern that its real paths fit. */
const methodsByPath = () => {
  const paths = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()
  HttpApi.reflect(Api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint: { method, path } }) => {
      const pattern = new RegExp(`^${path.replace(/\/$/, "").replaceAll(/:[^/]+/g, "[^/]+")}/?$`)
      const known = paths.get(path) ?? { pattern, methods: new Set() }
      paths.set(path, known)
      known.methods.add(method)
    }
  })
  return [...paths.values()]
}

const isRouteNotFound = (error: unknown) =>
  error instanceof HttpServerError.HttpServerError && error.reason._tag === "RouteNotFound"

/** Answers what no route takes: 405 where the path exists, 404 where it does not. */
export const withFallback = <E, R>(
  routes: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | HttpServerRequest.HttpServerRequest> => {
  const paths = methodsByPath()
  const refuse = Effect.gen(function* () {
    const { method, url } = yield* HttpServerRequest.HttpServerRequest
    const path = url.split("?", 1)[0] ?? ""
    const allow = new Set<string>(paths.flatMap((one) => (one.pattern.test(path) ? [...one.methods] : [])))
    // A path that takes the method and still found no route has a parameter that is none.
    if (allow.size === 0 || allow.has(method)) {
      return yield* new NotFound({ detail: "There is no such path; /docs shows all" })
    }
    return yield* new MethodNotAllowed({
      allow: [...allow].toSorted(),
      detail: `The path does not take ${method}`
    })
  })
  return Effect.catchIf(routes, isRouteNotFound, () => exchange({ path: "*", maxBody: 0 })(refuse))
}
