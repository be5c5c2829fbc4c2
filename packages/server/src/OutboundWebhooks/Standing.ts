import type { Resumption } from "@do-integrations/domain/Api/Webhooks/Outbound"
import type { Identity } from "@do-integrations/domain/ApiKey"
import { next, type Trigger } from "@do-integrations/domain/Lifecycle"
import { IllegalTransition } from "@do-integrations/domain/Problem"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect } from "effect"
import { EventLog } from "../EventLog.ts"
import { statusEvent } from "../StatusEvent.ts"
import { makeChanges } from "./Changes.ts"
import { forgiven } from "./Columns.ts"
import { makeRecovery } from "./Recovery.ts"
import type { StoredWebhook } from "./Store.ts"

const transition = ({ status }: StoredWebhook, trigger: Trigger) => {
  const to = next(status, trigger)
  return to instanceof IllegalTransition ? Effect.fail(to) : Effect.succeed(to)
}

/** Pauses endpoints, and has them delivered to again. */
export const makeStanding = Effect.gen(function* () {
  const change = yield* makeChanges
  const events = yield* EventLog
  const recovery = yield* makeRecovery

  const pause = Effect.fn("OutboundWebhooks.pause")(function* (caller: Identity, id: OutboundWebhookId) {
    const { webhook } = yield* change(
      caller,
      id,
      Effect.fnUntraced(function* (before) {
        const status = yield* transition(before, "suspend")
        return { columns: { status, error: null }, action: "outbound_webhook.paused" }
      })
    )
    return webhook
  })

  const resume = Effect.fn("OutboundWebhooks.resume")(function* (
    caller: Identity,
    id: OutboundWebhookId,
    { recoverSince }: typeof Resumption.Type
  ) {
    const { webhook } = yield* change(
      caller,
      id,
      Effect.fnUntraced(function* (before) {
        const { customerId, status: from, tenantId } = before
        const to = yield* transition(before, from === "error" ? "reconnect-verified" : "resume-verified")
        const told = statusEvent("outbound_webhook", { from, to })
        return {
          columns: {
            status: to,
            error: null,
            ...forgiven,
            connected_at: yield* DateTime.nowAsDate
          },
          action: "outbound_webhook.resumed",
          details: recoverSince === undefined ? {} : { recoverSince: DateTime.formatIso(recoverSince) },
          also: Effect.gen(function* () {
            if (recoverSince !== undefined) {
              yield* before.ordering === undefined
                ? recovery.start(caller, before, { since: recoverSince, states: ["skipped"] })
                : recovery.restore(before, recoverSince)
            }
            if (told !== undefined) yield* events.record({ ...told, tenantId, customerId, subject: id })
          })
        }
      })
    )
    return webhook
  })

  return { pause, resume }
})
