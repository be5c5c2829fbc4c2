import { Schema } from "effect"
import { described } from "./Described.ts"
import { typeId } from "./Id.ts"
import { CustomerId } from "./Tenant.ts"
import { Timestamp } from "./Time.ts"

/** The id of a job. */
export const JobId = typeId("job").pipe(Schema.brand("JobId"))
export type JobId = typeof JobId.Type

/** What a job does. */
export const JobType = Schema.Literals([
  /** Delivers again what an outbound webhook did not get. */
  "recover_deliveries",
  /** Cancels what is still on its way to an outbound webhook. */
  "cancel_deliveries",
  /** Handles messages of an inbound webhook once more. */
  "replay_messages"
]).annotate({
  identifier: "JobType",
  description:
    "`recover_deliveries`: delivers again what an outbound webhook did not get; `cancel_deliveries`: cancels what " +
    "is still on its way to one; `replay_messages`: handles messages of an inbound webhook once more."
})
export type JobType = typeof JobType.Type

/** Where a job stands. A job that a crash interrupts goes on by itself and stays `running`. */
export const JobState = Schema.Literals(["running", "completed", "failed"]).annotate({
  identifier: "JobState",
  description:
    "`running`: it goes on, also after a crash; `completed`: all of it is done; `failed`: it ended before, for the " +
    "reason in `error`."
})
export type JobState = typeof JobState.Type

/** Work over many rows that goes on after the request that asked for it was answered. */
export class Job extends Schema.Class<Job>("Job")({
  id: JobId.pipe(described("The job's id.")),
  type: JobType.pipe(described("What it does.")),
  subject: Schema.String.pipe(described("The id of what it is done to.")),
  customerId: Schema.optionalKey(CustomerId).pipe(
    described("The customer it concerns; left out: the tenant itself.")
  ),
  state: JobState.pipe(described("Where it stands.")),
  processed: Schema.Int.pipe(described("Rows that it has done.")),
  total: Schema.Int.pipe(described("Rows that there were to do when it was made.")),
  error: Schema.optionalKey(Schema.String).pipe(described("Why it failed.")),
  createdAt: Timestamp.pipe(described("When it was made.")),
  completedAt: Schema.optionalKey(Timestamp).pipe(described("When it ended; left out until then."))
}) {}
