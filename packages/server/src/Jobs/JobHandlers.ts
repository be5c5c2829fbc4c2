import type { JobState, JobType } from "@do-integrations/domain/Job"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { Context, type Effect } from "effect"

/** A job as far as it has come. */
export interface Progress {
  readonly tenantId: TenantId
  /** The id of what it is done to. */
  readonly subject: string
  /** What it was made with. */
  readonly parameters: string
  /** Where the batch before ended, in the handler's own terms; empty at first. */
  readonly position: string
}

/** What one batch came to, and where the job stands after it. */
export interface Batch {
  /** Rows that it has done. */
  readonly moved: number
  /** The position after it; left out: the one before. */
  readonly last?: string
  readonly state: JobState
  /** Why it failed. */
  readonly error?: string
}

/** Carries a job on by one batch, in the caller's transaction. One that cannot go on ends as `failed`; dying is a bug. */
export type JobHandler = (job: Progress) => Effect.Effect<Batch>

/** Who carries on the jobs of each type. */
export class JobHandlers extends Context.Service<JobHandlers, { readonly [Type in JobType]: JobHandler }>()(
  "@do-integrations/server/Jobs/JobHandlers"
) {}
