import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { Job, JobId } from "@do-integrations/domain/Job"
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { field, paging } from "./Input.ts"
import { printList, printOne } from "./Output.ts"

const printJobs = printList(Job, ["id", "type", "subject", "state", "processed", "total", "error"])

const about = field(
  "subject",
  Flag.String("subject").pipe(Flag.withDescription("Only those that are done to what has this id"))
)

const list = Command.make("list", { ...paging, about }, ({ about, cursor, limit }) =>
  IntegrationsClient.use(({ jobs }) => jobs.listJobs({ query: { ...limit, ...cursor, ...about } })).pipe(
    Effect.flatMap(({ items, nextCursor }) => printJobs(items, nextCursor)),
    asTenant
  )
).pipe(Command.withDescription("List jobs"))

const show = Command.make("show", { id: Argument.String("id").pipe(Argument.withSchema(JobId)) }, (params) =>
  IntegrationsClient.use(({ jobs }) => jobs.getJob({ params })).pipe(Effect.flatMap(printOne(Job)), asTenant)
).pipe(Command.withDescription("Show a job and how far it is"))

/** `doi jobs`: work that goes on after the request that asked for it was answered. */
export const jobs = Command.make("jobs").pipe(
  Command.withDescription("See how far recoveries, cancellations and replays are"),
  Command.withSubcommands([list, show])
)
