import { inversionsIn } from "../../bench/Inversions.ts"
import { type Account, type Way, wayOf } from "./Account.ts"
import { attempts, endOf, endpoints, takers } from "./Endpoints.ts"
import type { Everything, Kept } from "./Tables.ts"
import { eventOf, type Ledger } from "./Traffic.ts"

/** Every way that the answered events have to go. */
export const waysOf = function* ({
  events
}: Ledger): Generator<readonly [endpoint: number, eventId: string]> {
  for (const [nonce, id] of events) {
    for (const endpoint of takers[eventOf(nonce).type] ?? []) yield [endpoint, id]
  }
}

/** Answered events that did not reach an endpoint. */
export const lostIn = (account: Account, ledger: Ledger): ReadonlyArray<Way> =>
  [...waysOf(ledger)].flatMap(([endpoint, id]) => {
    const way = wayOf(endpoint, id)
    const arrived = endOf(endpoint, id) === "succeeded" ? account.taken.has(way) : account.byWay.has(way)
    return arrived ? [] : [way]
  })

/** What was answered is in the tables, once, with the id that was answered. */
const judgeAnswers = (account: Account, { events, integrations, messages }: Ledger, all: Everything) => {
  const groups = [
    ["event", events, all.events],
    ["message", messages, all.messages],
    ["integration", integrations, all.integrations]
  ] as const
  for (const [what, answered, rows] of groups) {
    const ids = new Map(rows.map(({ id, name }) => [name, id]))
    if (ids.size < rows.length) account.fault(`${rows.length - ids.size} ${what}s were recorded twice`)
    for (const [name, id] of answered) {
      const kept = ids.get(name)
      if (kept === undefined || (id !== "" && kept !== id)) {
        account.fault(`The ${what} ${name} was answered as ${id} and recorded as ${kept}`)
      }
    }
  }
  if (all.received !== all.messages.length) {
    account.fault(`${all.messages.length} messages made ${all.received} webhook:received events`)
  }
}

const faultOf = (account: Account, way: Way, expected: string, one: Kept): string | undefined => {
  const { highest, lastStatus, recorded, state } = one
  if (state !== expected) return `ended ${state}, expected ${expected}`
  if (state === "succeeded" && !account.taken.has(way)) return "succeeded, but the receiver did not take it"
  if (recorded !== highest) return `has ${recorded} attempts, the last numbered ${highest}`
  if (state === "exhausted" && recorded !== attempts) return `was given up after ${recorded} attempts`
  if (lastStatus !== (state === "succeeded" ? 204 : 500)) return `${state} with status ${lastStatus}`
  const arrived = account.byWay.get(way)?.length ?? 0
  return recorded > arrived ? `has ${recorded} attempts, but came ${arrived} times` : undefined
}

/** Every delivery ended as it had to, and the tables and the receivers tell the same of it. */
const judgeDeliveries = (
  account: Account,
  ledger: Ledger,
  all: Everything,
  webhooks: ReadonlyArray<string>
) => {
  const nonces = new Map(all.events.map(({ id, name }) => [id, name]))
  const ways = new Map(
    all.deliveries.map((one) => [wayOf(webhooks.indexOf(one.webhookId), one.eventId), one])
  )
  if (ways.size < all.deliveries.length) {
    account.fault(`${all.deliveries.length - ways.size} deliveries were made twice`)
  }
  for (const [way, one] of ways) {
    const fault = faultOf(account, way, endOf(webhooks.indexOf(one.webhookId), one.eventId), one)
    if (fault !== undefined) account.fault(`Delivery ${one.id} (${way}) ${fault}`)
  }
  for (const [endpoint, id] of waysOf(ledger)) {
    if (!ways.has(wayOf(endpoint, id))) account.fault(`Event ${id} has no delivery to endpoint ${endpoint}`)
  }
  for (const { endpoint, events, webhookId } of account.arrivals) {
    for (const { id, nonce } of events) {
      if (!ways.has(wayOf(endpoint, id)))
        account.fault(`${webhookId} brought ${id}, which is not in the tables`)
      const expected = nonces.get(id)
      if (expected !== undefined && expected !== nonce)
        account.fault(`${webhookId} brought ${nonce} as ${id}`)
    }
  }
}

/** One `webhook:sent` tells of each end, but for those of `webhook:*` events. */
const judgeSent = (account: Account, all: Everything, webhooks: ReadonlyArray<string>) => {
  for (const [number, webhookId] of webhooks.entries()) {
    for (const success of [true, false]) {
      const state = success ? "succeeded" : "exhausted"
      const ended = all.deliveries.filter(
        (one) => one.webhookId === webhookId && one.state === state && !one.eventType.startsWith("webhook:")
      ).length
      const told = all.sent.find((one) => one.webhookId === webhookId && one.success === success)?.count ?? 0
      if (ended !== told) {
        account.fault(
          `${ended} deliveries to ${endpoints[number]?.name} ${state}, ${told} webhook:sent say so`
        )
      }
    }
  }
}

const judgeOrder = (account: Account, all: Everything, webhooks: ReadonlyArray<string>) => {
  for (const [number, webhookId] of webhooks.entries()) {
    if (endpoints[number]?.payload.ordering === undefined) continue
    const inversions = inversionsIn(
      account.arrivals.filter(({ endpoint }) => endpoint === number),
      all.deliveries.filter((one) => one.webhookId === webhookId)
    )
    for (const inversion of inversions) account.fault(inversion)
  }
}

/** Looks for everything that does not hold in the end. */
export const judge = (
  account: Account,
  ledger: Ledger,
  all: Everything,
  webhooks: ReadonlyArray<string>
): void => {
  for (const way of lostIn(account, ledger)) account.fault(`${way} was answered and never arrived`)
  judgeAnswers(account, ledger, all)
  judgeDeliveries(account, ledger, all, webhooks)
  judgeSent(account, all, webhooks)
  judgeOrder(account, all, webhooks)
}
