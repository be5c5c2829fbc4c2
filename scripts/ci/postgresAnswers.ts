/** Exits 0 when the Postgres at TEST_DATABASE_URL answers a query within five seconds, 1 otherwise. */
import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect } from "effect"

const program = PgClient.PgClient.use((sql) => sql`SELECT 1`).pipe(
  Effect.provide(PgClient.layerConfig({ url: Config.Redacted("TEST_DATABASE_URL") })),
  Effect.timeout("5 seconds")
)

NodeRuntime.runMain(program, { disableErrorReporting: true })
