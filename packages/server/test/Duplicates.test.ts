import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { tidy } from "../src/Retention.ts"
import { asGitHub, github, open, secret } from "./support/Senders.ts"
import { TestService } from "./support/TestService.ts"

/** A webhook, a message that came to it, and its key as the database has it. */
const received = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { messages, post, webhook } = yield* open(github, secret)
  const id = randomUUID()
  const again = Effect.map(post("{}", asGitHub("{}", id)), ({ body, status }) => {
    assert.strictEqual(status, 200, body)
    return body.includes('"duplicate":true')
  })
  /** Lets the key expire this long from now, as if the time until then had passed. */
  const expiresIn = (interval: string) => sql`
    UPDATE message_keys SET expires_at = now() + ${interval}::interval WHERE webhook_id = ${webhook.id}`
  /** The messages that keys tell repetitions of, and whether they do so for seven days. */
  const keys = sql<{ id: string; kept: boolean }>`
    SELECT message_id AS id, expires_at >= received_at + interval '7 days' AS kept
    FROM message_keys JOIN messages ON messages.id = message_id WHERE message_keys.webhook_id = ${webhook.id}`
  assert.isFalse(yield* again)
  const ids = Effect.map(messages, (all) => all.map((message) => message.id))
  return { again, expiresIn, ids, keys }
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("a repetition", (it) => {
  it.effect("is told for seven days from when the message came, and is a message of its own after them", () =>
    Effect.gen(function* () {
      const { again, expiresIn, ids, keys } = yield* received
      const [first] = yield* ids
      assert.deepStrictEqual(yield* keys, [{ id: first ?? "none", kept: true }])

      yield* expiresIn("1 minute")
      assert.isTrue(yield* again)
      assert.deepStrictEqual(yield* ids, [first])
      assert.deepStrictEqual(yield* keys, [{ id: first ?? "none", kept: false }], "it does not last longer")

      yield* expiresIn("-1 second")
      assert.isFalse(yield* again)
      const [second, ...others] = (yield* ids).filter((id) => id !== first)
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(yield* keys, [{ id: second ?? "none", kept: true }])
      assert.isTrue(yield* again)
      assert.strictEqual((yield* ids).length, 2)
    })
  )

  it.effect("that comes fifty times at once after the seven days is one message", () =>
    Effect.gen(function* () {
      const { again, expiresIn, ids } = yield* received
      yield* expiresIn("-1 second")
      const copies = yield* Effect.all(
        Array.from({ length: 50 }, () => again),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(copies.filter((duplicate) => !duplicate).length, 1)
      assert.strictEqual((yield* ids).length, 2)
    })
  )

  it.effect("is forgotten by the tidying once the seven days are over, and not before", () =>
    Effect.gen(function* () {
      const { again, expiresIn, ids, keys } = yield* received
      yield* expiresIn("1 minute")
      yield* tidy
      assert.isTrue(yield* again)
      yield* expiresIn("-1 second")
      yield* tidy
      assert.deepStrictEqual(yield* keys, [])
      assert.isFalse(yield* again)
      assert.strictEqual((yield* keys).length, 1)
      assert.strictEqual((yield* ids).length, 2)
    })
  )
})
