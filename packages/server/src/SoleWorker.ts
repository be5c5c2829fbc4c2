import { Effect, Layer, Option, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig } from "./Config.ts"
import { Topology } from "./Sql.ts"

/** How often a process that has to wait asks whether the other one has gone. */
export const waitForTurn = Schedule.spaced("1 second")

const lockName = "do-integrations work"

/**
 * Does work that only one process of a database may do. A cluster shares it out by itself and the embedded
 * database has one process; two processes without a cluster on one Postgres, as while a new version takes
 * over, take turns: the second one answers requests, and begins to work when the first has gone.
 */
export const whenSole = <A, E, R>(work: Layer.Layer<A, E, R>) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { cluster } = yield* AppConfig
      const { embedded } = yield* Topology
      const begin = Effect.asVoid(Layer.build(work))
      if (embedded || Option.isSome(cluster)) return yield* begin
      const sql = yield* SqlClient.SqlClient
      // The lock belongs to the connection, which is kept for it, and is free as soon as the process dies.
      const connection = yield* sql.reserve
      const attempt = Effect.map(
        connection.executeValues("SELECT pg_try_advisory_lock(hashtext($1))", [lockName]),
        (rows) => rows[0]?.[0] === true
      )
      if (yield* attempt) return yield* begin
      yield* Effect.logWarning(
        "Another process delivers for this database; this one answers requests and waits for its turn. " +
          "Set CLUSTER_HOST and CLUSTER_PORT to share the work."
      )
      yield* Effect.repeat(attempt, { schedule: waitForTurn, until: (mine) => mine }).pipe(
        Effect.andThen(begin),
        Effect.tapCause((cause) => Effect.logError("Taking the work over failed", cause)),
        Effect.forkScoped
      )
    })
  )
