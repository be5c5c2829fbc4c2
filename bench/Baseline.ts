import * as Column from "@do-integrations/server/Sql/Column"
import { PgClient } from "@effect/sql-pg"
import { Array as Arr, Effect, Redacted, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { randomBytes, randomUUID } from "node:crypto"
import { PgBoss } from "pg-boss"
import { dataOf } from "./Backlog.ts"
import { type Job, queue, tables, type Variant } from "./baseline/Settings.ts"
import { administer, type Postgres } from "./Databases.ts"
import * as Peer from "./Peer.ts"
import { freePort } from "../scripts/FreePort.ts"

const Left = Schema.Struct({ left: Schema.Boolean })
const Kept = Schema.Struct({ count: Schema.Int })
const Ready = Schema.Struct({ ready: Schema.Boolean })

/** Jobs that one statement writes. */
const batch = 5000

const idOf = (index: number) => `endpoint-${index}`

const withBoss = <A>(url: Redacted.Redacted, use: (boss: PgBoss) => Promise<A>) =>
  Effect.acquireUseRelease(
    Effect.promise(() =>
      new PgBoss({
        connectionString: Redacted.value(url),
        max: 2,
        supervise: false,
        schedule: false
      }).start()
    ),
    (boss) => Effect.promise(() => use(boss)),
    (boss) => Effect.promise(() => boss.stop({ graceful: false }))
  )

/** Makes an empty database the baseline's, with an endpoint at each of the URLs. */
export const furnish = Effect.fnUntraced(function* ({ url }: Postgres, urls: ReadonlyArray<string>) {
  yield* administer(url, ...tables)
  yield* withBoss(url, (boss) => boss.createQueue(queue))
  const secrets = urls.map(() => `whsec_${randomBytes(32).toString("base64")}`)
  yield* SqlClient.SqlClient.use(
    (sql) => sql`
      INSERT INTO endpoints (id, event_type, url, secret)
      SELECT * FROM unnest(${Column.text(urls.map((_, index) => idOf(index)))},
        ${Column.text(urls.map((_, index) => `bench.e${index}`))}, ${Column.text(urls)}, ${Column.text(secrets)})`
  ).pipe(Effect.provide(PgClient.layer({ url, maxConnections: 1 })))
})

/** Adds so many jobs, the endpoints in turn. */
export const seed = ({ url }: Postgres, endpoints: number, count: number) =>
  withBoss(url, async (boss) => {
    const timestamp = new Date().toISOString()
    for (const numbers of Arr.chunksOf(Arr.range(0, count - 1), batch)) {
      const jobs = numbers.map((number): { readonly data: Job } => ({
        data: {
          eventId: `evt_${randomUUID()}`,
          endpointId: idOf(number % endpoints),
          type: `bench.e${number % endpoints}`,
          timestamp,
          data: dataOf(number)
        }
      }))
      await boss.insert(queue, jobs)
    }
  })

/** Whether every job is completed. */
export const settled = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql`
    SELECT EXISTS (SELECT FROM pgboss.job WHERE name = ${queue} AND state <> 'completed') AS left`
  return !(yield* Schema.decodeUnknownEffect(Left)(row)).left
})

/** How many jobs are completed and have their attempt. */
export const succeeded = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql`
    SELECT least((SELECT count(*) FROM pgboss.job WHERE name = ${queue} AND state = 'completed'),
      (SELECT count(*) FROM attempts WHERE status BETWEEN 200 AND 299))::int AS count`
  return (yield* Schema.decodeUnknownEffect(Kept)(row)).count
})

/** Starts the worker; it ends with the scope. */
export const startWorker = Effect.fnUntraced(function* ({ url }: Postgres, variant: Variant) {
  const env = { DATABASE_URL: Redacted.value(url), WORKER: variant, NODE_ENV: "production" }
  yield* (yield* Peer.start("./baseline/worker.ts", { env })).hear(Ready)
})

/** Starts the web server, which takes `key`; it ends with the scope. */
export const startServer = Effect.fnUntraced(function* ({ url }: Postgres, key: Redacted.Redacted) {
  const port = yield* freePort
  const env = {
    DATABASE_URL: Redacted.value(url),
    API_KEY: Redacted.value(key),
    PORT: String(port),
    NODE_ENV: "production"
  }
  yield* (yield* Peer.start("./baseline/express.ts", { env })).hear(Ready)
  return `http://127.0.0.1:${port}`
})
