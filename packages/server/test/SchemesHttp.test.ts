import { assert, layer } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { schemeSenders } from "./support/SchemeSenders.ts"
import { open } from "./support/Senders.ts"
import { TestService } from "./support/TestService.ts"

/** Those that sign the address are left out: theirs is not the one that the service gives them here. */
const senders = Object.values(schemeSenders).filter(({ proves }) => proves.url !== true)

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("over HTTP", (it) => {
  it.effect("messages of every kind of sender are taken as it sends them, and others are refused", () =>
    Effect.forEach(
      senders,
      Effect.fnUntraced(function* ({ config, keys, proves, reads }) {
        const secrets = config.type === "none" ? [] : [keys[0].secret]
        const { messages, post } = yield* open(config, ...secrets)
        const at = Math.floor((yield* Clock.currentTimeMillis) / 1000) * 1000
        const said = { id: "id_12345", eventType: "order.paid", text: "Grüße \u{1f600}", at }
        const sent = keys[0].send(said)
        const other = keys[1].send(said)
        if (proves.nothing !== true) {
          assert.strictEqual((yield* post(other.body, other.headers)).status, 401, config.type)
        }
        const answer = yield* post(sent.body, sent.headers)
        assert.include([200, 204], answer.status, `${config.type}: ${answer.body}`)
        const [message, ...more] = yield* messages
        assert.strictEqual(more.length, 0)
        const { eventType, id } = reads(said)
        assert.strictEqual(message?.externalId, id, config.type)
        assert.strictEqual(message?.eventType, eventType, config.type)
        assert.strictEqual(message?.verified, proves.nothing !== true, config.type)
      }),
      { discard: true }
    )
  )
})
