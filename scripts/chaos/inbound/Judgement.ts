import { wayOf } from "../Account.ts"
import type { Account } from "./Account.ts"
import { messageOf } from "./Messages.ts"
import type { Everything } from "./Tables.ts"
import type { Ledger } from "./Traffic.ts"
import { type RouteKind, routesOf } from "./Webhooks.ts"

/** What there is to judge: what the senders, the receiver and the tables say. */
export interface Evidence {
  readonly account: Account
  readonly ledger: Ledger
  readonly all: Everything
  /** The ids of the webhooks by their numbers. */
  readonly webhooks: ReadonlyArray<string>
}

type Stored = Everything["messages"][number] & { readonly webhook: number }

/** The tables by what they are asked for. */
const indexOf = ({ account, all, webhooks }: Evidence) => {
  const stored = all.messages.map((message): Stored => ({
    ...message,
    webhook: webhooks.indexOf(message.webhookId)
  }))
  const events = new Map(all.events.map((one) => [one.id, one]))
  const rows = new Map(all.ledger.map((one) => [one.id, one]))
  return {
    stored,
    byNonce: new Map(stored.map((message) => [message.nonce, message])),
    attempts: new Map(all.attempts.map((one) => [one.id, one])),
    events,
    rows,
    /** How often a route did with a message what it is there for. */
    done: (message: Stored, route: RouteKind): number => {
      if (route === "forward") return account.taken.has(wayOf(message.webhook, message.id)) ? 1 : 0
      return (route === "event" ? events : rows).get(message.id)?.count ?? 0
    }
  }
}

type Index = ReturnType<typeof indexOf>

/** Answered messages that are not in the tables, or that came to nothing on a route. */
const lostIn = ({ ledger }: Evidence, { byNonce, done }: Index): ReadonlyArray<string> =>
  [...ledger.answers].flatMap(([nonce, { webhook }]) => {
    const message = byNonce.get(nonce)
    if (message === undefined) return [`${nonce} was answered and is not stored`]
    return routesOf(webhook, nonce)
      .filter((route) => done(message, route) === 0)
      .map((route) => `${message.id} (${nonce}) was answered and never came to its end on ${route}`)
  })

/** A message is stored once, as it was sent, and at most one answer called it new. */
const judgeAnswers = ({ account, all, ledger, webhooks }: Evidence, { byNonce, stored }: Index) => {
  if (byNonce.size < stored.length) {
    account.fault(`${stored.length - byNonce.size} messages were recorded twice`)
  }
  for (const [nonce, { ids }] of ledger.answers) {
    const [id] = ids
    if (ids.length > 1) account.fault(`${nonce} was called new ${ids.length} times`)
    const kept = byNonce.get(nonce)?.id
    if (id !== undefined && kept !== id)
      account.fault(`${nonce} was answered as ${id} and recorded as ${kept}`)
  }
  for (const { body, id, nonce, routes, webhook } of stored) {
    if (body !== messageOf(nonce).body) account.fault(`${id} (${nonce}) is stored with another body`)
    const expected = routesOf(webhook, nonce).join(" ")
    if (routes.join(" ") !== expected)
      account.fault(`${id} was taken by ${routes.join(" ")}, not ${expected}`)
  }
  for (const webhookId of webhooks) {
    const count = stored.filter((message) => message.webhookId === webhookId).length
    const told = all.received.find((one) => one.webhookId === webhookId)?.count ?? 0
    if (count !== told)
      account.fault(`${count} messages of ${webhookId} made ${told} webhook:received events`)
  }
}

/** Every message is handled on each of its routes: once, where it is done in the transaction that settles. */
const judgeHandlings = ({ account, all }: Evidence, { attempts, done, events, rows, stored }: Index) => {
  for (const { messageId, route, state } of all.unhandled) {
    account.fault(`${messageId} is ${state} on ${route}`)
  }
  let expectedAttempts = 0
  for (const message of stored) {
    const { id, nonce, webhook } = message
    const { failures, type } = messageOf(nonce)
    const expected = routesOf(webhook, nonce)
    expectedAttempts += expected.length
    for (const route of expected) {
      const { highest = 0, recorded = 0, succeeded = 0 } = attempts.get(`${id} ${route}`) ?? {}
      if (succeeded !== 1 || recorded !== highest) {
        account.fault(
          `${id} has ${recorded} attempts on ${route}, the last numbered ${highest}, ${succeeded} succeeded`
        )
      }
      if (route === "forward" && recorded > (account.byWay.get(wayOf(webhook, id))?.length ?? 0)) {
        account.fault(`${id} has ${recorded} attempts on ${route} and came less often`)
      }
    }
    for (const [route, kept, what] of [
      ["event", events, `chaos.${type} ${nonce}`],
      ["ledger", rows, String(failures + 1)]
    ] as const) {
      const wanted = expected.includes(route) ? 1 : 0
      const count = done(message, route)
      if (count !== wanted) account.fault(`${id} was done ${count} times on ${route}, not ${wanted}`)
      const told = kept.get(id)?.what
      if (wanted === 1 && told !== undefined && told !== what) {
        account.fault(`${id} was done on ${route} as ${told}, not ${what}`)
      }
    }
  }
  if (attempts.size > expectedAttempts) account.fault("There are attempts of what no route was to take")
}

/** Everything that was made or forwarded is of a message that is stored. */
const judgeOrigins = ({ account }: Evidence, { events, rows, stored }: Index) => {
  const ids = new Map(stored.map(({ id, nonce }) => [id, nonce]))
  for (const id of [...events.keys(), ...rows.keys()]) {
    if (!ids.has(id)) account.fault(`Something was made of ${id}, which is not stored`)
  }
  for (const [way, [arrival]] of account.byWay) {
    if (arrival !== undefined && ids.get(arrival.webhookId) !== arrival.nonce) {
      account.fault(`${way} brought ${arrival.nonce}, and ${ids.get(arrival.webhookId)} is stored`)
    }
  }
}

/** Looks for everything that does not hold in the end, and answers with what was lost. */
export const judge = (evidence: Evidence): ReadonlyArray<string> => {
  const index = indexOf(evidence)
  const lost = lostIn(evidence, index)
  for (const one of lost) evidence.account.fault(one)
  judgeAnswers(evidence, index)
  judgeHandlings(evidence, index)
  judgeOrigins(evidence, index)
  return lost
}
