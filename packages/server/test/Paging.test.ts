import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { endpoints } from "./support/Endpoints.ts"
import { eventually } from "./support/Eventually.ts"
import { furnish } from "./support/Furnished.ts"
import { walk } from "./support/Pages.ts"
import { receiver } from "./support/Receiver.ts"
import { rootKey, TestService } from "./support/TestService.ts"
import { problemOf, send } from "./support/Wire.ts"

/** What tells how old something is, by whichever name it has. */
const Item = Schema.Struct({
  position: Schema.optionalKey(Schema.String),
  createdAt: Schema.optionalKey(Schema.String),
  receivedAt: Schema.optionalKey(Schema.String),
  at: Schema.optionalKey(Schema.String),
  webhook: Schema.optionalKey(Schema.Struct({ createdAt: Schema.String }))
})

const AnyPage = Schema.fromJsonString(
  Schema.Struct({ items: Schema.Array(Schema.Json), nextCursor: Schema.optionalKey(Schema.String) })
)

/** How old an item is, as text that sorts; the log is in the order of commits, not of clocks. */
const ageOf = Effect.fnUntraced(function* (item: Schema.Json) {
  const { at, createdAt, position, receivedAt, webhook } = yield* Schema.decodeUnknownEffect(Item)(item)
  if (position === undefined) return createdAt ?? receivedAt ?? at ?? webhook?.createdAt ?? ""
  return position.replaceAll(/\d+/g, (digits) => digits.padStart(20, "0"))
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("Paging", (it) => {
  it.effect("walks every list of the contract, newest first, missing and repeating nothing", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, client } = yield* service.tenant("Acme")
      const target = yield* receiver
      for (const name of ["invoice.paid", "invoice.sent", "invoice.due"]) {
        yield* client.events.createEventType({ headers: {}, payload: { name } })
        yield* furnish(client, target.url)
      }
      // Each event goes to the endpoints that were there: one, two, then three.
      yield* eventually(
        client.webhooks.listDeliveries({ query: { state: "succeeded" } }),
        ({ items }) => items.length === 6
      )
      yield* eventually(
        client.events.listEvents({ query: { type: "webhook:sent" } }),
        ({ items }) => items.length === 6
      )
      yield* eventually(client.audit.verifyAudit(), ({ unsealed }) => unsealed === 0)
      const lists = endpoints().filter(({ paged }) => paged)
      assert.isAtLeast(lists.length, 9)
      for (const { name, path, scope } of lists) {
        const key = scope === undefined ? rootKey : apiKey.secret
        const page = Effect.fnUntraced(function* (query: {
          readonly limit: number
          readonly cursor?: string
        }) {
          const cursor = query.cursor === undefined ? "" : `&cursor=${encodeURIComponent(query.cursor)}`
          const { text } = yield* send("GET", `${path}?limit=${query.limit}${cursor}`, { key })
          return yield* Schema.decodeEffect(AnyPage)(text)
        })
        const walked = yield* walk(page)
        const whole = yield* page({ limit: 100 })
        assert.isAtLeast(walked.length, scope === undefined ? 1 : 3, name)
        assert.isUndefined(whole.nextCursor, name)
        assert.deepStrictEqual(walked, whole.items, name)
        assert.deepStrictEqual(yield* walk(page, 2), whole.items, name)
        const ages = yield* Effect.forEach(walked, ageOf)
        assert.notInclude(ages, "", name)
        assert.deepStrictEqual(ages, ages.toSorted().toReversed(), name)
        for (const limit of ["0", "101", "1.5", "x"]) {
          const { status, text } = yield* send("GET", `${path}?limit=${limit}`, { key })
          assert.strictEqual(status, 400, name)
          assert.include(JSON.stringify((yield* problemOf(text))["errors"]), '["query","limit"]')
        }
      }
    })
  )
})
