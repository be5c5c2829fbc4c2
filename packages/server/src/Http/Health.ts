import { Unavailable } from "@do-integrations/domain/Problem"
import { Effect } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { SqlClient } from "effect/sql"
import { exchange } from "./Exchange.ts"

/** How long the database may take to answer. */
const patience = "2 seconds"

const route = (path: string) => exchange({ path, maxBody: 0 })

/** `/healthz`: the process runs. `/readyz`: it can answer, because its database does. */
export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const sql = yield* SqlClient.SqlClient
    const unavailable = () => Effect.fail(new Unavailable({ detail: "The database does not answer" }))
    yield* router.add("GET", "/healthz", route("/healthz")(Effect.succeed(HttpServerResponse.text("ok"))))
    yield* router.add(
      "GET",
      "/readyz",
      sql`SELECT 1`.pipe(
        Effect.timeout(patience),
        Effect.catch(unavailable),
        Effect.as(HttpServerResponse.text("ready")),
        route("/readyz")
      )
    )
  })
)
