import { Context, DateTime, Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "../AuditLog.ts"
import { EventLog } from "../EventLog.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import type { Endpoint } from "./Endpoint.ts"

/** How exactly the time of the last success is kept. */
const activityPrecision = Duration.toMillis(Duration.minutes(1))

/** Why an endpoint is disabled. */
export type DisableReason = "gone" | "failing"

const reasons: Readonly<Record<DisableReason, string>> = {
  gone: "The receiver answered 410 Gone",
  failing: "Every attempt has failed for too long"
}

/** What an owner has seen of its endpoint, in milliseconds since the epoch. */
export interface Observed {
  readonly lastSuccessAt: number | undefined
  readonly failingSince: number | undefined
  /** The last attempt that failed, of those that this owner has seen; what comes after it may yet succeed. */
  readonly lastFailureAt: number | undefined
  readonly heldUntil: number
}

/** What of {@link Observed} the endpoint's row says. */
export interface Noted {
  lastSuccessAt: number
  failingSince: number | undefined
  warned: boolean
  heldUntil: number
}

const isoOf = (millis: number) => DateTime.formatIso(DateTime.makeUnsafe(millis))

const dateOf = (millis: number | undefined) => (millis === undefined ? null : new Date(millis))

/** Keeps account of how endpoints fare, warns of those that only fail, and disables them in the end. */
export class Health extends Context.Service<
  Health,
  {
    /**
     * Writes what has changed since it was noted; nothing happens where the endpoint has been changed meanwhile.
     * Answers whether it was disabled.
     */
    keep(endpoint: Endpoint, observed: Observed, noted: Noted): Effect.Effect<boolean>
    /** Disables the endpoint; nothing happens where it has been changed meanwhile: it may be another receiver now. */
    disable(endpoint: Endpoint, reason: DisableReason): Effect.Effect<void>
  }
>()("@do-integrations/server/DeliveryEngine/Health") {
  static readonly layer = Layer.effect(
    Health,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const audit = yield* AuditLog
      const events = yield* EventLog
      const unit = yield* UnitOfWork

      const disable = Effect.fn("DeliveryEngine.Health.disable")(
        function* ({ customerId, id, revision, tenantId }: Endpoint, reason: DisableReason) {
          const error = reasons[reason]
          const disabled = yield* sql`
          UPDATE outbound_webhooks SET status = 'error', error = ${error}, revision = revision + 1
          WHERE id = ${id} AND status = 'active' AND revision = ${revision}::bigint RETURNING id`
          if (disabled.length === 0) return
          yield* audit.record({
            tenantId,
            actor: "system",
            action: "outbound_webhook.disabled",
            target: id,
            details: { reason }
          })
          yield* events.record({
            type: "integration:error",
            data: { integrationType: "outbound_webhook", error },
            tenantId,
            customerId,
            subject: id
          })
        },
        unit.commit,
        Effect.orDie
      )

      const warn = Effect.fn("DeliveryEngine.Health.warn")(
        function* (endpoint: Endpoint, failingSince: number, disabledAt: number) {
          const { customerId, id, tenantId } = endpoint
          const warned = yield* sql`
            UPDATE outbound_webhooks SET warned_at = ${yield* DateTime.nowAsDate}
            WHERE id = ${id} AND warned_at IS NULL RETURNING id`
          if (warned.length === 0) return
          yield* events.record({
            type: "endpoint.failing",
            data: {
              webhookId: id,
              failingSince: isoOf(failingSince),
              disabledAt: isoOf(disabledAt)
            },
            tenantId,
            customerId,
            subject: id
          })
        },
        unit.commit,
        Effect.orDie
      )

      // Somebody may have set the endpoint going again since it was read: what was seen before no longer counts.
      const write = ({ id, revision }: Endpoint, { failingSince, heldUntil, lastSuccessAt }: Observed) => sql`
        UPDATE outbound_webhooks SET failing_since = ${dateOf(failingSince)}::timestamptz,
          warned_at = CASE WHEN ${failingSince === undefined} THEN NULL ELSE warned_at END,
          hold_until = ${dateOf(heldUntil === 0 ? undefined : heldUntil)}::timestamptz,
          last_activity_at = coalesce(${dateOf(lastSuccessAt)}::timestamptz, last_activity_at)
        WHERE id = ${id} AND revision = ${revision}::bigint RETURNING id`

      const keep = Effect.fn("DeliveryEngine.Health.keep")(function* (
        endpoint: Endpoint,
        observed: Observed,
        noted: Noted
      ) {
        const { failingSince, heldUntil, lastFailureAt, lastSuccessAt = 0 } = observed
        const changed =
          failingSince !== noted.failingSince ||
          heldUntil !== noted.heldUntil ||
          lastSuccessAt - noted.lastSuccessAt >= activityPrecision
        if (changed) {
          const written = yield* write(endpoint, observed)
          if (written.length === 0) return false
          if (failingSince === undefined) noted.warned = false
          Object.assign(noted, { failingSince, heldUntil, lastSuccessAt })
        }
        if (failingSince === undefined || lastFailureAt === undefined) return false
        const patience = Duration.toMillis(Duration.hours(endpoint.disableAfterHours))
        const failingFor = lastFailureAt - failingSince
        if (failingFor >= patience) {
          yield* disable(endpoint, "failing")
          return true
        }
        if (failingFor >= patience / 2 && !noted.warned) {
          noted.warned = true
          yield* warn(endpoint, failingSince, failingSince + patience)
        }
        return false
      }, Effect.orDie)

      return Health.of({ keep, disable })
    })
  )
}
