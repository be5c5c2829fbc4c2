import { assert, describe, it } from "@effect/vitest"
import type { WebhookEventMap } from "@octokit/webhooks-types"
import { DateTime, Effect, Schema } from "effect"
import {
  decodeGitHub,
  GitHubPayloads,
  isGitHubEventName,
  type GitHubEventName,
  type GitHubPayload
} from "../src/Webhook/Payload/GitHub.ts"
import { StandardPayload } from "../src/Webhook/Payload/Standard.ts"
import { changed, githubExamples, isObject } from "./support/GitHubExamples.ts"

/**
 * Events whose payload, as octokit types it, would not fit ours. The other direction need not hold, and where
 * octokit's own examples contradict its types we follow the examples: a label without `description`, a job without
 * `run_attempt`, a run without `path` or `actor`, a vulnerability alert without `number`, `node_id` or `state`.
 */
type Unfit = {
  readonly [
    Name in keyof WebhookEventMap as Name extends GitHubEventName
      ? WebhookEventMap[Name] extends GitHubPayload<Name>
        ? never
        : Name
      : Name
  ]: never
}

/** What a handler of issues could do with one: the types narrow by event and by action. */
const said = (name: string, payload: Schema.Json): string => {
  const event = decodeGitHub(name, payload)
  if (event._tag === "Untyped") return `something else: ${event.eventType}`
  if (event.eventType === "push") return `${event.payload.commits.length} to ${event.payload.ref}`
  if (event.eventType !== "issues") return event.eventType
  const { payload: issues } = event
  switch (issues.action) {
    case "labeled":
      return `${issues.issue.title} is ${issues.label?.name}`
    case "transferred":
      return `moved to ${issues.changes.new_repository.full_name}`
    default:
      return `${issues.action} by ${issues.sender.login}`
  }
}

describe("payloads of GitHub", () => {
  it.effect("all examples fit, and come back as they were", () =>
    Effect.gen(function* () {
      for (const { name, payload } of githubExamples) {
        const before = JSON.stringify(payload)
        const schema: Schema.Codec<unknown, unknown> | undefined = isGitHubEventName(name)
          ? GitHubPayloads[name]
          : undefined
        assert.isDefined(schema, name)
        const decoded = yield* Schema.decodeUnknownEffect(schema)(payload)
        const encoded = yield* Schema.encodeUnknownEffect(schema)(decoded)
        assert.strictEqual(JSON.stringify(encoded), before)
        const event = decodeGitHub(name, payload)
        assert.deepStrictEqual<unknown>(event, { _tag: "Typed", eventType: name, payload })
      }
      assert.strictEqual(githubExamples.length, 329)
      assert.strictEqual(new Set(githubExamples.map(({ name }) => name)).size, 58)
    })
  )

  it("are typed for every event that octokit types, and take what it types", () => {
    const unfit: Unfit = {}
    assert.isEmpty(unfit)
    assert.strictEqual(Object.keys(GitHubPayloads).length, 66)
    assert.isTrue(Object.keys(GitHubPayloads).every(isGitHubEventName))
  })

  it("an event and an action that nobody knows pass through", () => {
    for (const { name, payload } of githubExamples) {
      const event = decodeGitHub("unheard_of", payload)
      assert.deepStrictEqual<unknown>(event, { _tag: "Untyped", eventType: "unheard_of", payload })
      if (!("action" in payload) || name === "repository_dispatch") continue
      const later = { ...payload, action: "unheard_of" }
      const other = decodeGitHub(name, later)
      assert.deepStrictEqual<unknown>(other, { _tag: "Untyped", eventType: name, payload: later })
    }
    for (const name of ["constructor", "__proto__", "toString", ""])
      assert.strictEqual(decodeGitHub(name, {})._tag, "Untyped", name)
  })

  it("a word that GitHub adds later is no reason not to read a payload", () => {
    const runs = githubExamples.filter(({ name }) => name === "workflow_run")
    for (const { payload } of runs) {
      const { workflow_run: run } = payload
      const later = isObject(run) ? changed(run, "conclusion", "unheard_of") : null
      const event = decodeGitHub("workflow_run", changed(payload, "workflow_run", later))
      assert.isTrue(event._tag === "Typed" && event.eventType === "workflow_run")
    }
    assert.isNotEmpty(runs)
  })

  it("narrow by event and action", () => {
    const words = new Set(githubExamples.map(({ name, payload }) => said(name, payload)))
    for (const word of ["1 to refs/heads/master", "Spelling error in the README file is bug", "star"])
      assert.isTrue(words.has(word), [...words].join(", "))
    assert.strictEqual(said("sub_issues", {}), "something else: sub_issues")
  })

  it.effect("what does not fit says where", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Schema.decodeUnknownEffect(GitHubPayloads.star)({ action: "created", repository: {} })
      )
      assert.include(error.message, `["repository"]["id"]`)
    })
  )
})

describe("payloads by Standard Webhooks", () => {
  const body = { type: "invoice.paid", timestamp: "2026-02-03T04:05:06.000Z", data: { id: 7 }, region: "eu" }

  it.effect("are read, with what their sender puts in beside", () =>
    Effect.gen(function* () {
      const payload = yield* Schema.decodeUnknownEffect(StandardPayload)(body)
      assert.strictEqual(payload.type, "invoice.paid")
      assert.strictEqual(DateTime.toEpochMillis(payload.timestamp), 1_770_091_506_000)
      assert.deepStrictEqual(payload.data, { id: 7 })
      assert.strictEqual(payload["region"], "eu")
      assert.deepStrictEqual(yield* Schema.encodeEffect(StandardPayload)(payload), body)
    })
  )

  it("need type, timestamp and data", () => {
    const fits = Schema.is(Schema.toEncoded(StandardPayload))
    assert.isTrue(fits(body))
    for (const left of ["type", "timestamp", "data"] as const) {
      const { [left]: _, ...rest } = body
      assert.isFalse(fits(rest), left)
    }
  })
})
