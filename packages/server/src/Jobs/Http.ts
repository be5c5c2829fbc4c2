import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Jobs } from "../Jobs.ts"

/** Jobs. */
export const layer = HttpApiBuilder.group(
  Api,
  "jobs",
  Effect.fnUntraced(function* (handlers) {
    const jobs = yield* Jobs
    return handlers.handleAll({
      listJobs: ({ query }) => Caller.use((caller) => jobs.list(caller, query)),
      getJob: ({ params }) => Caller.use((caller) => jobs.get(caller, params.id))
    })
  })
)
