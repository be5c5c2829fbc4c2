import { PgMigrator } from "@effect/sql-pg"
import { Effect } from "effect"
import foundation from "./migrations/0001_foundation.ts"
import deliveryEngine from "./migrations/0002_delivery_engine.ts"
import inboundHandling from "./migrations/0003_inbound_handling.ts"
import { ensurePartitions } from "./Partitions.ts"
import { placeRestored } from "./Restored.ts"

/**
 * Brings the schema up to date and prepares the partitions. Several nodes may start at once: one migrates,
 * the others wait for it.
 */
export const migrate = PgMigrator.run({
  loader: PgMigrator.fromRecord({
    "0001_foundation": foundation,
    "0002_delivery_engine": deliveryEngine,
    "0003_inbound_handling": inboundHandling
  })
}).pipe(
  Effect.tap(() => ensurePartitions),
  Effect.tap(() => placeRestored),
  Effect.withSpan("Migrations.migrate")
)
