import { Api } from "@do-integrations/domain/Api"
import { MethodNotAllowed, NotFound } from "@do-integrations/domain/Problem"
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerRespondable, HttpServerResponse } from "effect/http"
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

/** Answers what no route takes: 405 where the path exists, 404 where it does not. */
export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const paths = methodsByPath()
    const refuse = Effect.gen(function* () {
      const { method, url } = yield* HttpServerRequest.HttpServerRequest
      const path = url.split("?", 1)[0] ?? ""
      const allowed = new Set(paths.flatMap((one) => (one.pattern.test(path) ? [...one.methods] : [])))
      if (allowed.size === 0) return yield* new NotFound({ detail: "There is no such path; /docs shows all" })
      const allow = [...allowed].toSorted().join(", ")
      const problem = new MethodNotAllowed({ detail: `${method} is not among ${allow}` })
      return HttpServerResponse.setHeader(yield* HttpServerRespondable.toResponse(problem), "allow", allow)
    })
    yield* router.add("*", "/*", exchange({ path: "*", maxBody: 0 })(refuse))
  })
)
