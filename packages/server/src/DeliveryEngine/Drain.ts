import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Context, DateTime, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { Work } from "../OwnedWork.ts"
import { Claims } from "./Claims.ts"
import { Deliver } from "./Deliver.ts"
import { Endpoints } from "./Endpoint.ts"
import { Health } from "./Health.ts"
import { makeShowInFlight } from "./InFlight.ts"
import { Knowledge } from "./Knowledge.ts"
import { Run, type Services } from "./Run.ts"
import { Settle } from "./Settle.ts"
import { Wakeups } from "./Wakeups.ts"

/** Deliveries that one statement skips. */
const skipSize = 1000

/**
 * Delivers what is due to endpoints. Only an endpoint's owner drains it, so nothing is claimed twice; should two
 * owners overlap while a shard moves, the attempt number in the row decides.
 */
export class Drain extends Context.Service<
  Drain,
  {
    /** A drain for the owner of one endpoint. */
    make(id: OutboundWebhookId): Work
  }
>()("@do-integrations/server/DeliveryEngine/Drain") {
  static readonly layer = Layer.effect(
    Drain,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const services: Services = {
        claims: yield* Claims,
        deliver: yield* Deliver,
        endpoints: yield* Endpoints,
        health: yield* Health,
        settle: yield* Settle,
        showInFlight: yield* makeShowInFlight
      }
      const wakeups = yield* Wakeups

      // What is due to an endpoint that is not active, or was removed, is skipped: it can be recovered later. Who
      // resumes it waits for the batch, or is seen.
      const skipSome = Effect.fnUntraced(function* (id: OutboundWebhookId) {
        const [endpoint] = yield* sql<{ readonly status: string }>`
          SELECT status FROM outbound_webhooks WHERE id = ${id} FOR SHARE`
        if (endpoint?.status === "active") return 0
        const now = yield* DateTime.nowAsDate
        const skipped = yield* sql`
          UPDATE undelivered SET state = 'skipped', due_at = NULL, completed_at = ${now}
          WHERE (tenant_id, delivery_id) IN (
            SELECT tenant_id, delivery_id FROM undelivered WHERE webhook_id = ${id} AND due_at <= ${now}
            ORDER BY due_at, sequence LIMIT ${skipSize})
          RETURNING delivery_id`
        return skipped.length
      }, sql.withTransaction)

      const skip = Effect.fn("DeliveryEngine.skip")(function* (id: OutboundWebhookId) {
        yield* Effect.repeat(skipSome(id), { while: (skipped) => skipped === skipSize })
      }, Effect.orDie)

      const drain = Effect.fn("DeliveryEngine.drain")(function* (
        id: OutboundWebhookId,
        before: Knowledge | undefined,
        owned: () => boolean
      ) {
        const { epochMilliseconds: now } = yield* DateTime.now
        let knowledge =
          before?.mayDeliver(now) === true ? before : yield* Knowledge.read(services.endpoints, id, before)
        if (knowledge?.active === true) {
          const run = yield* Run.make(services, knowledge, owned)
          knowledge = yield* Effect.acquireUseRelease(
            Effect.sync(() => wakeups.attach(id, run)),
            () => run.untilNothingIsDue,
            (detach) => Effect.sync(detach)
          )
        }
        if (knowledge?.active !== true && owned()) yield* skip(id)
        return knowledge
      }, Effect.scoped)

      return Drain.of({
        make: (id) => {
          let knowledge: Knowledge | undefined
          return {
            run: (owned) =>
              Effect.map(drain(id, knowledge, owned), (after) => {
                knowledge = after
              })
          }
        }
      })
    })
  )
}
