import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { Receipt } from "@do-integrations/domain/Webhook/Inbound/Message"
import { Array as Arr, Effect, Redacted, Schedule, Schema } from "effect"
import { createHmac, randomUUID } from "node:crypto"
import { lotOf } from "../../bench/RecorderProtocol.ts"
import { types } from "./Endpoints.ts"

/** What was answered with 2xx, and so may never be lost: the ids by the nonce of what was sent. */
export interface Ledger {
  readonly events: Map<string, string>
  /** The id is empty where the answer to a repetition did not tell it. */
  readonly messages: Map<string, string>
  readonly integrations: Map<string, string>
  /** Nonces of events and messages that no answer came for; they are sent again, as the same. */
  readonly unanswered: { readonly events: Array<string>; readonly messages: Array<string> }
}

export const newLedger = (): Ledger => ({
  events: new Map(),
  messages: new Map(),
  integrations: new Map(),
  unanswered: { events: [], messages: [] }
})

/** Where the traffic goes. */
export interface Destination {
  readonly client: IntegrationsClient["Service"]
  /** The address of an inbound GitHub webhook, and its secret. */
  readonly ingress: string
  readonly secret: string
}

const decodeReceipt = Schema.decodeUnknownEffect(Receipt)

/** Senders that publish events. */
const publishers = 12

/** Pause between two requests of one sender: a load that one core can carry, so that what waits is what a kill left. */
const pace = Schedule.spaced("25 millis")

/** The share of the events that are of the rare type. */
const rareShare = 0.05

/** Keys of the order. */
const keys = 200

/** The event of a nonce: always the same, so that it may be sent again. */
export const eventOf = (nonce: string) => ({
  type: lotOf(nonce) < rareShare ? types.rare : types.common,
  data: { nonce, key: `k${Number.parseInt(nonce.slice(0, 4), 16) % keys}`, padding: "x".repeat(300) }
})

/** Sends something with a new nonce, or with one that was sent before and not answered. */
const answered = <E>(
  send: (nonce: string) => Effect.Effect<string, E>,
  unanswered: Array<string>,
  ids: Map<string, string>
) =>
  Effect.suspend(() => {
    const nonce = unanswered.shift() ?? randomUUID()
    return send(nonce).pipe(
      Effect.onError(() => Effect.sync(() => void unanswered.push(nonce))),
      Effect.map((id) => void ids.set(nonce, id))
    )
  })

const publish = ({ client }: Destination, { events, unanswered }: Ledger) =>
  answered(
    (nonce) =>
      Effect.map(
        client.events.publishEvent({ headers: { "idempotency-key": nonce }, payload: eventOf(nonce) }),
        ({ id }) => id
      ),
    unanswered.events,
    events
  )

const post = ({ ingress, secret }: Destination, { messages, unanswered }: Ledger) =>
  answered(
    Effect.fnUntraced(function* (nonce) {
      const body = JSON.stringify({ zen: nonce })
      const response = yield* Effect.tryPromise((signal) =>
        fetch(ingress, {
          method: "POST",
          body,
          signal,
          headers: {
            "x-github-event": "ping",
            "x-github-delivery": nonce,
            "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`
          }
        })
      )
      const { id = "" } = yield* decodeReceipt(yield* Effect.tryPromise(() => response.json()))
      return id
    }),
    unanswered.messages,
    messages
  )

const add = Effect.fnUntraced(function* ({ client, ingress }: Destination, { integrations }: Ledger) {
  const name = randomUUID()
  const { id } = yield* client.integrations.addIntegration({
    headers: {},
    payload: {
      type: "api_key",
      name,
      baseUrl: new URL(ingress).origin,
      placement: { in: "bearer" },
      credential: Redacted.make("s3cret")
    }
  })
  integrations.set(name, id)
})

/**
 * Sends until something breaks, and keeps account of what was acknowledged. Each sender ends with its first failure,
 * which `failed` is told of.
 */
export const send = (destination: Destination, ledger: Ledger, failed: (error: unknown) => void) =>
  Effect.forEach(
    [...Arr.replicate(publish, publishers), post, add],
    (request): Effect.Effect<void> => {
      const once: Effect.Effect<void, unknown> = request(destination, ledger)
      return Effect.repeat(once, pace).pipe(
        Effect.catch((error) => Effect.sync(() => failed(error))),
        Effect.asVoid
      )
    },
    { concurrency: "unbounded", discard: true }
  )
