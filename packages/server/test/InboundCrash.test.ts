import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { wayOf } from "../../../scripts/chaos/Account.ts"
import { Account } from "../../../scripts/chaos/inbound/Account.ts"
import { judge } from "../../../scripts/chaos/inbound/Judgement.ts"
import { messageOf, orderedNonce } from "../../../scripts/chaos/inbound/Messages.ts"
import { Order } from "../../../scripts/chaos/inbound/Order.ts"
import type { Everything } from "../../../scripts/chaos/inbound/Tables.ts"
import { newLedger } from "../../../scripts/chaos/inbound/Traffic.ts"
import { routesOf } from "../../../scripts/chaos/inbound/Webhooks.ts"
import { repetitionsIn } from "../../../scripts/chaos/Repetitions.ts"
import { chaos, expectedDatabase } from "./support/Chaos.ts"

const rounds = 5

it.live(
  `handles everything that was answered, and once what is done in a transaction, in ${rounds} rounds of kill -9`,
  () =>
    Effect.gen(function* () {
      const { code, output, result } = yield* chaos("--inbound", "--rounds", String(rounds))
      assert.strictEqual(code, 0, output)
      const { accepted, forwarded = 0, ...rest } = yield* Effect.fromOption(result)
      assert.deepInclude(rest, { database: expectedDatabase(), rounds, lost: 0, faults: 0 })
      assert.isAbove(accepted, rounds)
      // Each message has a route to a URL.
      assert.isAtLeast(forwarded, accepted)
    }),
  180_000
)

const webhook = 0
const nonces = ["first", "second", "third"]
const idOf = (nonce: string) => `msg_${nonce}`

/** Three messages of the first webhook that went well, but for what is changed. */
const evidence = (change: Partial<Everything> = {}) => {
  const account = new Account()
  const ledger = newLedger()
  for (const nonce of nonces) {
    ledger.answers.set(nonce, { webhook, ids: [idOf(nonce)], duplicates: 1 })
    account.add({ webhook, webhookId: idOf(nonce), nonce, at: 1, accepted: true })
  }
  const all: Everything = {
    messages: nonces.map((nonce) => ({
      id: idOf(nonce),
      webhookId: "whi_0",
      nonce,
      routes: routesOf(webhook, nonce),
      body: messageOf(nonce).body
    })),
    attempts: nonces.flatMap((nonce) =>
      routesOf(webhook, nonce).map((route) => ({
        id: `${idOf(nonce)} ${route}`,
        recorded: 1,
        highest: 1,
        succeeded: 1
      }))
    ),
    events: nonces.map((nonce) => ({
      id: idOf(nonce),
      count: 1,
      what: `chaos.${messageOf(nonce).type} ${nonce}`
    })),
    ledger: nonces.map((nonce) => ({
      id: idOf(nonce),
      count: 1,
      what: String(messageOf(nonce).failures + 1)
    })),
    unhandled: [],
    received: [{ webhookId: "whi_0", count: nonces.length }],
    ...change
  }
  return { account, ledger, all, webhooks: ["whi_0", "whi_1", "whi_2"] }
}

const faultsOf = (given: ReturnType<typeof evidence>) => {
  const lost = judge(given)
  return { lost: lost.length, faults: given.account.faults.join("\n") }
}

it("the judge of crash rounds finds nothing where there is nothing", () => {
  assert.deepStrictEqual(faultsOf(evidence()), { lost: 0, faults: "" })
})

it("the judge of crash rounds finds what is lost, doubled, left or changed", () => {
  const { all } = evidence()
  const twice = <A extends { readonly count: number }>([one, ...rest]: ReadonlyArray<A>): Array<A> =>
    one === undefined ? [] : [{ ...one, count: 2 }, ...rest]
  const [message, ...messages] = all.messages
  assert.isDefined(message)
  const changes: ReadonlyArray<readonly [change: Partial<Everything>, lost: number, fault: string]> = [
    [{ messages }, 1, "first was answered and is not stored"],
    [{ events: all.events.slice(1) }, 1, "never came to its end on event"],
    [{ ledger: all.ledger.slice(1) }, 1, "never came to its end on ledger"],
    [{ events: twice(all.events) }, 0, "msg_first was done 2 times on event"],
    [{ ledger: twice(all.ledger) }, 0, "msg_first was done 2 times on ledger"],
    [{ messages: [{ ...message, id: "msg_other" }, message, ...messages] }, 0, "recorded twice"],
    [{ messages: [{ ...message, body: "{}" }, ...messages] }, 0, "stored with another body"],
    [{ messages: [{ ...message, routes: ["forward"] }, ...messages] }, 0, "was taken by forward"],
    [{ unhandled: [{ messageId: "msg_first", route: "event", state: "dead" }] }, 0, "is dead on event"],
    [{ attempts: all.attempts.slice(1) }, 0, "msg_first has 0 attempts on forward"],
    [{ received: [] }, 0, "made 0 webhook:received events"]
  ]
  for (const [change, lost, fault] of changes) {
    const found = faultsOf(evidence(change))
    assert.include(found.faults, fault)
    // What is not stored has lost its routes with it.
    assert.strictEqual(found.lost, lost, fault)
  }
})

it("the judge of crash rounds finds answers that called a message new twice", () => {
  const given = evidence()
  given.ledger.answers.set("first", { webhook, ids: ["msg_first", "msg_other"], duplicates: 0 })
  assert.include(faultsOf(given).faults, "first was called new 2 times")
})

it("the judge of crash rounds finds what was never forwarded, and what comes again without a reason", () => {
  const given = evidence()
  const way = wayOf(webhook, "msg_first")
  given.account.taken.delete(way)
  given.account.byWay.delete(way)
  assert.include(
    faultsOf(given).faults,
    "msg_first (first) was answered and never came to its end on forward"
  )

  const again = evidence()
  again.account.kills.push({ waiting: new Map(), launchedAt: 5, readyAt: 6 })
  again.account.add({ webhook, webhookId: "msg_first", nonce: "first", at: 7, accepted: true })
  again.account.add({ webhook, webhookId: "msg_first", nonce: "first", at: 8, accepted: true })
  repetitionsIn(again.account)
  assert.include(again.account.faults.join("\n"), "came again after kill 1, although it was settled")
  assert.include(again.account.faults.join("\n"), "came twice without a kill in between")
})

it("the judge of an order finds what overtakes, what comes back, and what comes beside another", () => {
  const order = new Order()
  const one = orderedNonce("k", 1)
  const two = orderedNonce("k", 2)
  const three = orderedNonce("k", 3)
  const come = (nonce: string, taken: boolean) => {
    const fault = order.begin(nonce)
    if (taken) order.take(nonce)
    order.end(nonce)
    return fault
  }
  assert.isUndefined(come(one, false))
  assert.include(come(two, false), "when only number 0 was taken")
  assert.include(come(one, true), "came after number 2")
  assert.isUndefined(come(two, true))
  // Again, as after a crash.
  assert.isUndefined(come(two, true))
  assert.isUndefined(order.begin(three))
  assert.include(order.begin(three), "came beside another of k")
})
