import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { Receipt } from "@do-integrations/domain/Webhook/Inbound"
import { Effect, Redacted, Schedule, Schema } from "effect"
import { createHmac, randomUUID } from "node:crypto"

/** What was answered with 2xx, and so may never be lost: the ids by what was sent. */
export interface Ledger {
  readonly events: Map<string, string>
  readonly messages: Map<string, string>
  readonly integrations: Map<string, string>
}

export const newLedger = (): Ledger => ({ events: new Map(), messages: new Map(), integrations: new Map() })

/** Where the traffic goes. */
export interface Destination {
  readonly client: IntegrationsClient["Service"]
  /** The address of an inbound GitHub webhook, and its secret. */
  readonly ingress: string
  readonly secret: string
}

const decodeReceipt = Schema.decodeUnknownEffect(Receipt)

/** Pause between two requests of one sender, so that the load stays small. */
const pace = Schedule.spaced("5 millis")

const publish = Effect.fnUntraced(function* ({ client }: Destination, { events }: Ledger) {
  const nonce = randomUUID()
  const { id } = yield* client.events.publishEvent({
    headers: {},
    payload: { type: "chaos.published", data: { nonce } }
  })
  events.set(nonce, id)
})

const post = Effect.fnUntraced(function* ({ ingress, secret }: Destination, { messages }: Ledger) {
  const nonce = randomUUID()
  const body = JSON.stringify({ zen: nonce })
  const response = yield* Effect.tryPromise(() =>
    fetch(ingress, {
      method: "POST",
      body,
      headers: {
        "x-github-event": "ping",
        "x-github-delivery": nonce,
        "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`
      }
    })
  )
  const { id = "" } = yield* decodeReceipt(yield* Effect.tryPromise(() => response.json()))
  messages.set(nonce, id)
})

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

/** Sends until something breaks, and keeps account of what was acknowledged. */
export const send = (destination: Destination, ledger: Ledger) =>
  Effect.forEach(
    [publish, publish, publish, publish, post, post, post, add],
    (request): Effect.Effect<void> => {
      const once: Effect.Effect<void, unknown> = request(destination, ledger)
      return Effect.ignore(Effect.repeat(once, pace))
    },
    { concurrency: "unbounded", discard: true }
  )
