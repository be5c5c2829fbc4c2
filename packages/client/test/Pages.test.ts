import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { IntegrationsClient } from "../src/IntegrationsClient.ts"
import { pages } from "../src/Pages.ts"
import { json, scripted } from "./support/Peer.ts"

const apiKey = Redacted.make("doi_test")

const event = (position: string) => ({
  id: "evt_01k9zv7q1zf2hrmwyejc9pq5ns",
  type: "invoice.paid",
  data: null,
  createdAt: "2026-01-02T03:04:05.000Z",
  position
})

const first = json(200, { items: [event("9-3"), event("9-2")], nextCursor: "9-2", horizon: "9-9" })
const empty = json(200, { items: [], nextCursor: "8-5", horizon: "9-9" })
const last = json(200, { items: [event("7-1")], horizon: "9-9" })

describe("pages", () => {
  it.live("gives the items of every page under one filter, past pages that are empty", () =>
    Effect.gen(function* () {
      const { baseUrl, requests } = yield* scripted(first, empty, last)
      const { events } = yield* IntegrationsClient.make({ baseUrl, apiKey })
      const items = yield* Stream.runCollect(pages(events.listEvents, { type: "invoice.paid", limit: 2 }))
      assert.deepStrictEqual(
        items.map(({ position }) => String(position)),
        ["9-3", "9-2", "7-1"]
      )
      const asked = requests.map(({ url }) => Object.fromEntries(new URL(url ?? "", baseUrl).searchParams))
      const filter = { type: "invoice.paid", limit: "2" }
      assert.deepStrictEqual(asked, [filter, { ...filter, cursor: "9-2" }, { ...filter, cursor: "8-5" }])
    })
  )

  it.live("asks for no page that nobody reads", () =>
    Effect.gen(function* () {
      const { baseUrl, requests } = yield* scripted(first, last)
      const { events } = yield* IntegrationsClient.make({ baseUrl, apiKey })
      yield* pages(events.listEvents).pipe(Stream.take(2), Stream.runDrain)
      assert.strictEqual(requests.length, 1)
    })
  )

  it.live("fails as the list does", () =>
    Effect.gen(function* () {
      const refusal = json(403, { type: "urn:do-integrations:problem:forbidden", title: "no", status: 403 })
      const { baseUrl } = yield* scripted(first, refusal)
      const { events } = yield* IntegrationsClient.make({ baseUrl, apiKey })
      const error = yield* Effect.flip(Stream.runDrain(pages(events.listEvents)))
      assert.strictEqual(error._tag, "Forbidden")
    })
  )
})
