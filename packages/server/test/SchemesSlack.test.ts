import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { traitsOf } from "../src/InboundWebhooks/Schemes.ts"
import { post } from "./support/SchemeSender.ts"
import { challengeOf, readBy } from "./support/Verifying.ts"

const slack = { type: "slack" } as const

const json = (value: unknown) => post(JSON.stringify(value), {})

const form = (fields: Readonly<Record<string, string>>) =>
  post(new URLSearchParams(fields).toString(), { "content-type": "application/x-www-form-urlencoded" })

describe("what Slack sends", () => {
  it.effect("has its id and its type where each kind of request has them", () =>
    Effect.sync(() => {
      const cases = [
        [
          json({ type: "event_callback", event_id: "Ev1", event: { type: "app_mention" } }),
          "Ev1",
          "app_mention"
        ],
        [json({ type: "app_rate_limited", minute_rate_limited: 1 }), undefined, "app_rate_limited"],
        [form({ command: "/deploy", text: "type=x", trigger_id: "1.2.a" }), "1.2.a", "/deploy"],
        [
          form({ payload: JSON.stringify({ type: "block_actions", trigger_id: "3.4.b" }) }),
          "3.4.b",
          "block_actions"
        ],
        [form({ payload: "no JSON" }), undefined, undefined],
        [form({ payload: '{"type":1,"trigger_id":null}' }), undefined, undefined],
        [post("neither", {}), undefined, undefined],
        [json({ event_id: { a: 1 }, type: ["a"] }), undefined, "a"]
      ] as const
      for (const [sent, id, eventType] of cases) {
        assert.deepStrictEqual(readBy(slack, sent), { id, eventType }, sent.body)
      }
    })
  )

  it.effect("is answered its challenge, and else nothing that people would be shown", () =>
    Effect.sync(() => {
      assert.deepStrictEqual(traitsOf(slack).reply, { status: 200 })
      const proof = {
        token: "t",
        type: "url_verification",
        challenge: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkv"
      }
      assert.deepStrictEqual(challengeOf(slack, json(proof)), {
        status: 200,
        contentType: "text/plain",
        body: proof.challenge
      })
      assert.deepStrictEqual(challengeOf(slack, form({ ssl_check: "1", token: "t" })), { status: 200 })
      for (const sent of [
        json({ type: "url_verification" }),
        json({ type: "event_callback", event_id: "Ev1", challenge: "c" }),
        form({ command: "/deploy" }),
        post("", {})
      ]) {
        assert.isUndefined(challengeOf(slack, sent), sent.body)
      }
    })
  )
})
