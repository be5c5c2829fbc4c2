/** The baseline's worker: fetches jobs, signs, posts, and stores an attempt of each. */
import { Schema } from "effect"
import { Pool } from "pg"
import { type Job as BossJob, PgBoss } from "pg-boss"
import { Agent } from "undici"
import { hear, setting, tell } from "../processes/Parent.ts"
import { type Endpoint, readEndpoints } from "./Endpoints.ts"
import { connectionsPerEndpoint, type Job, poolSize, queue, timeout, work } from "./Settings.ts"

/** Bytes of an answer that are kept. */
const maxAnswer = 16 * 1024

const agent = new Agent({
  connections: connectionsPerEndpoint,
  pipelining: 1,
  headersTimeout: timeout,
  bodyTimeout: timeout
})

interface Attempt {
  readonly jobId: string
  readonly number: number
  readonly at: Date
  readonly durationMs: number
  readonly status: number | null
  readonly error: string | null
  readonly responseBody: string | null
}

const attempt = async (
  { data: job, id, retryCount }: BossJob<Job>,
  { origin, path, webhook }: Endpoint
): Promise<Attempt> => {
  const at = new Date()
  const began = performance.now()
  const body = JSON.stringify({ type: job.type, timestamp: job.timestamp, data: job.data })
  const headers = {
    "content-type": "application/json",
    "webhook-id": job.eventId,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": webhook.sign(job.eventId, at, body)
  }
  const outcome = () => ({
    jobId: id,
    number: retryCount + 1,
    at,
    durationMs: Math.round(performance.now() - began)
  })
  try {
    const answer = await agent.request({ origin, path, method: "POST", headers, body })
    const responseBody = (await answer.body.text()).slice(0, maxAnswer)
    return { ...outcome(), status: answer.statusCode, error: null, responseBody }
  } catch (error) {
    return { ...outcome(), status: null, error: String(error), responseBody: null }
  }
}

const connectionString = setting("DATABASE_URL")
const pool = new Pool({ connectionString, max: 1 })
const endpoints = new Map((await readEndpoints(pool)).map((endpoint) => [endpoint.id, endpoint]))
await pool.end()

const variant = setting("WORKER") === "eager" ? "eager" : "baseline"
const notify = variant === "eager"
const boss = new PgBoss({ connectionString, max: poolSize, useListenNotify: notify })
boss.on("error", (error) => console.error("pg-boss:", error.message))
await boss.start()
await boss.updateQueue(queue, { notify })
const database = boss.getDb()

const store = (attempts: ReadonlyArray<Attempt>) =>
  database.executeSql(
    `INSERT INTO attempts (job_id, number, at, duration_ms, status, error, response_body)
     SELECT * FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::int[], $5::int[], $6::text[], $7::text[])`,
    [
      attempts.map((one) => one.jobId),
      attempts.map((one) => one.number),
      attempts.map((one) => one.at),
      attempts.map((one) => one.durationMs),
      attempts.map((one) => one.status),
      attempts.map((one) => one.error),
      attempts.map((one) => one.responseBody)
    ]
  )

await boss.work<Job>(queue, work[variant], async (jobs: ReadonlyArray<BossJob<Job>>) => {
  const attempts = await Promise.all(
    jobs.map((job) => {
      const endpoint = endpoints.get(job.data.endpointId)
      if (endpoint === undefined) throw new Error(`No endpoint ${job.data.endpointId}`)
      return attempt(job, endpoint)
    })
  )
  await store(attempts)
  const failed = attempts.filter(({ status }) => status === null || status < 200 || status > 299)
  // These are tried again; returning completes the others.
  if (failed.length > 0)
    await boss.fail(
      queue,
      failed.map(({ jobId }) => jobId)
    )
})

hear(Schema.Unknown, () => {})
tell({ ready: true })
