import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { handlers } from "../../../examples/handlers.ts"
import { eventually } from "./support/Eventually.ts"
import { allStand, handlingOf, inbox, messagesOf, to } from "./support/Handled.ts"
import { newTenant } from "./support/Outbound.ts"
import { TestService } from "./support/TestService.ts"

const services = TestService.layerWith({}, undefined, handlers)

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("the example of handlers", (it) => {
  it.effect("greets and books", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const sql = yield* SqlClient.SqlClient
      const { post, webhook } = yield* inbox(client, [
        to("greeter", { eventTypes: ["issues"] }),
        to("bookkeeper", { eventTypes: ["payment"] })
      ])
      yield* post({ action: "a new word" }, "issues")
      yield* post({ id: "one", amount: 5 }, "payment")
      yield* allStand(client, webhook.id, "handled", 2)
      assert.deepStrictEqual(yield* sql`SELECT id, amount::int AS amount FROM payments`, [
        { id: "one", amount: 5 }
      ])
      yield* post({ id: "two", amount: -5 }, "payment")
      const messages = yield* eventually(messagesOf(client, webhook.id), (all) => all[2]?.state === "dead")
      assert.include(handlingOf(messages[2], "bookkeeper")?.error, "less than nothing")
      assert.deepStrictEqual(yield* sql`SELECT id FROM payments`, [{ id: "one" }])
    })
  )
})
