import { makeSign } from "@do-integrations/domain/Webhook/Signature"
import { Array as Arr, Clock, Duration, Effect } from "effect"
import { retryAfter } from "../DeliveryEngine/RetryAfter.ts"
import { Egress, type EgressResponse } from "../Egress.ts"
import { ActionFailed, type Done } from "./Action.ts"
import { hopsHeader, hopsOf } from "../Hops.ts"
import type { Handling } from "./Handling.ts"
import type { HandledWebhook } from "./Webhook.ts"

/** How long a forward may take, from the name's resolution to the answer's last byte. */
const deadline = Duration.seconds(15)

/** Bytes of an answer that are read. */
const maxAnswer = 16 * 1024

/** What the sender's headers stand under. */
const prefix = "forwarded-"

/** Those that tell of the connection alone (RFC 9110, section 7.6.1), and of a body that has a length of its own now. */
const ofTheConnection: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

const forwarded = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      ofTheConnection.has(name) ? [] : [[prefix + name, value]]
    )
  )

const answered = ({ headers, status }: EgressResponse, now: number): Effect.Effect<Done, ActionFailed> =>
  status >= 200 && status < 300
    ? Effect.succeed({ status })
    : Effect.fail(
        new ActionFailed({ reason: "Status", status, retryAfter: retryAfter(headers["retry-after"], now) })
      )

/**
 * Posts messages to URLs as they came: the very bytes, signed with the webhook's forwarding secret as Standard Webhooks
 * 1.0 has it, the message's id as the `webhook-id`. `webhook-verified` says whether it was proved to be the sender's.
 */
export const makeForward = Effect.gen(function* () {
  const egress = yield* Egress
  const sign = yield* makeSign

  return Effect.fn("HandlingEngine.forward")(function* (
    webhook: HandledWebhook,
    handling: Handling,
    url: URL
  ) {
    const { body, headers, messageId, verified } = handling
    const now = yield* Clock.currentTimeMillis
    const keys = webhook.forwardKeys.flatMap(({ key, until }) => (until > now ? [key] : []))
    if (!Arr.isReadonlyArrayNonEmpty(keys)) {
      return yield* new ActionFailed({ reason: "The webhook has no secret to sign with", final: true })
    }
    const timestamp = String(Math.floor(now / 1000))
    const answer = yield* egress
      .dispatch({
        url,
        method: "POST",
        headers: {
          ...forwarded(headers),
          ...("content-type" in headers ? { "content-type": headers["content-type"] ?? "" } : {}),
          "user-agent": "DO-Integrations",
          "webhook-id": messageId,
          "webhook-timestamp": timestamp,
          "webhook-signature": yield* sign(keys, messageId, timestamp, body),
          "webhook-verified": String(verified),
          [hopsHeader]: String(hopsOf(handling) + 1)
        },
        body,
        deadline,
        maxBody: maxAnswer
      })
      .pipe(Effect.mapError(({ reason }) => new ActionFailed({ reason: reason._tag })))
    return yield* answered(answer, yield* Clock.currentTimeMillis)
  })
})
