import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { described } from "../Described.ts"
import { Job, JobId } from "../Job.ts"
import { Page, PageQuery } from "../Page.ts"
import { NotFound } from "../Problem.ts"
import { storable } from "../Text.ts"
import { Authorization, RequiredScope } from "./Middleware.ts"

/** Work that goes on after the request that asked for it was answered. */
export class JobsApi extends HttpApiGroup.make("jobs")
  .add(
    HttpApiEndpoint.get("listJobs", "/", {
      query: {
        ...PageQuery,
        subject: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(100), storable)).pipe(
          described("Only those that are done to what has this id, such as an outbound webhook.")
        )
      },
      success: Page(Job)
    }).annotateMerge(
      OpenApi.annotations({ summary: "List jobs", description: "Jobs that run and that ran, newest first." })
    ),
    HttpApiEndpoint.get("getJob", "/:id", {
      params: { id: JobId },
      success: Job,
      error: NotFound
    }).annotateMerge(OpenApi.annotations({ summary: "Get a job", description: "One job and how far it is." }))
  )
  .annotateEndpoints(RequiredScope, "webhooks:read")
  .middleware(Authorization)
  .prefix("/v1/jobs")
  .annotate(OpenApi.Description, "Work that goes on after the request that asked for it was answered.") {}
