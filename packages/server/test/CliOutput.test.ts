import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { TestConsole } from "effect/testing"
import { problem, run, service } from "./support/CommandLine.ts"

/** Clears the screen, ends a line, turns the order of letters around, and writes what shows as nothing. */
const hostile = "\u001b[2J\u009b2J\r\nevil\u202etxt\u200b\u2028\u{e0041}\u007f"
const steers = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}]/u

const message = {
  id: "msg_01k9zv7q1zf2hrmwyejc9pq5ns",
  webhookId: "whi_01k9zv7q1zf2hrmwyejc9pq5ns",
  eventType: `push${hostile}`,
  externalId: hostile,
  state: "unrouted",
  verified: true,
  headers: { "x-note": hostile },
  receivedAt: "2026-01-02T03:04:05.000Z"
}

describe("what doi prints", () => {
  it.effect("does not steer the terminal, whatever a sender wrote", () =>
    Effect.gen(function* () {
      const { url } = yield* service({
        "GET /v1/messages?limit=50": HttpServerResponse.jsonUnsafe({ items: [message] })
      })
      const settings = { DOI_URL: url, DOI_API_KEY: "k" }
      yield* run(["messages", "list", "--limit", "50"], settings)
      const table = (yield* TestConsole.logLines).join("\n")
      assert.notMatch(table, steers)
      assert.include(
        table,
        String.raw`push\u001b[2J\u009b2J\u000d\u000aevil\u202etxt\u200b\u2028\udb40\udc41\u007f`
      )
      assert.lengthOf(table.split("\n"), 2)
    })
  )

  it.effect("reads as the same value where it is JSON", () =>
    Effect.gen(function* () {
      const { url } = yield* service({
        "GET /v1/messages?limit=50": HttpServerResponse.jsonUnsafe({ items: [message] })
      })
      yield* run(["messages", "list", "--limit", "50", "--json"], { DOI_URL: url, DOI_API_KEY: "k" })
      const json = (yield* TestConsole.logLines).join("\n")
      assert.notMatch(json, steers)
      const answer: unknown = JSON.parse(json)
      assert.deepStrictEqual(answer, { items: [message] })
    })
  )

  it.effect("of a refusal is no other", () =>
    Effect.gen(function* () {
      const { url } = yield* service({
        "GET /v1/messages": problem(400, "invalid-request", "Invalid request", { detail: hostile })
      })
      const error = yield* Effect.flip(run(["messages", "list"], { DOI_URL: url, DOI_API_KEY: "k" }))
      assert.notMatch(error.message, steers)
      assert.include(error.message, String.raw`\u001b[2J`)
    })
  )
})
