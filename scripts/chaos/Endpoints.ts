import type { NewOutboundWebhook } from "@do-integrations/domain/Webhook/Outbound"
import type { DeliveryState } from "@do-integrations/domain/Webhook/Delivery"
import { type Behaviour, lotOf, obliging } from "../../bench/RecorderProtocol.ts"

/** Seconds between the attempts at a delivery that fails; the last one comes after the last delay. */
const delaysSeconds = [1, 1]

/** Attempts that an event gets that fails always. */
export const attempts = delaysSeconds.length + 1

/** The longest time between two attempts, in milliseconds: delays are jittered by a fifth. */
export const longestDelay = 1200

/** An endpoint that is delivered to while the service is killed. */
interface Endpoint {
  readonly name: string
  readonly behaviour: Extract<Behaviour, { readonly _tag: "Answer" }>
  readonly payload: Omit<NewOutboundWebhook, "url">
}

/** Event types: most events have the first, few the other. */
export const types = { common: "chaos.common", rare: "chaos.rare" } as const

export const endpoints: ReadonlyArray<Endpoint> = [
  { name: "plain", behaviour: obliging, payload: { eventTypes: ["chaos.*", "webhook:received"] } },
  {
    name: "ordered",
    behaviour: { ...obliging, delay: 2, failFirst: 0.05 },
    payload: {
      eventTypes: ["chaos.*"],
      ordering: { key: "key", whenExhausted: "block" },
      retry: { type: "list", delaysSeconds }
    }
  },
  {
    name: "batched",
    behaviour: obliging,
    payload: { eventTypes: ["chaos.*"], batching: { maxEvents: 20, maxWaitMs: 100 } }
  },
  {
    name: "failing",
    behaviour: { ...obliging, failFirst: 0.18, failAlways: 0.02 },
    payload: { eventTypes: ["chaos.*"], retry: { type: "list", delaysSeconds } }
  },
  { name: "slow", behaviour: { ...obliging, delay: 300 }, payload: { eventTypes: [types.rare] } }
]

/** The numbers of the endpoints that take a tenant's event of this type. */
export const takers: Readonly<Record<string, ReadonlyArray<number>>> = {
  [types.common]: [0, 1, 2, 3],
  [types.rare]: [0, 1, 2, 3, 4]
}

/** What becomes of an event's delivery to an endpoint in the end. */
export const endOf = (endpoint: number, eventId: string): DeliveryState =>
  lotOf(eventId) < (endpoints[endpoint]?.behaviour.failAlways ?? 0) ? "exhausted" : "succeeded"
