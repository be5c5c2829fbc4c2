import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { decodeGitHub } from "../src/Webhook/Payload/GitHub.ts"
import { changed, githubExamples, isObject, kindOf } from "./support/GitHubExamples.ts"

/** Fields that are in each object of their name. */
const required = {
  action: [],
  sender: ["login", "id"],
  repository: ["id", "full_name", "owner"],
  organization: ["login"],
  installation: ["id"],
  issue: ["number", "title", "assignees"],
  pull_request: ["number", "head", "labels"],
  comment: ["id", "body"],
  discussion: ["category"],
  check_run: ["head_sha"],
  check_suite: ["app"],
  workflow_job: ["steps"],
  workflow_run: ["run_number"],
  deployment: ["environment"],
  release: ["assets"],
  security_advisory: ["vulnerabilities"],
  member: ["login"],
  team: ["name"]
}

/** The payload of an example with one required field gone, or of another type. */
const broken = githubExamples.flatMap(({ name, payload }) =>
  Object.entries(required).flatMap(([key, fields]) => {
    const inner = payload[key]
    if (inner === undefined || inner === null) return []
    const breaks = isObject(inner)
      ? fields.map((field) => ({
          now: inner[field],
          change: (value: Schema.Json | undefined) => changed(payload, key, changed(inner, field, value))
        }))
      : [{ now: inner, change: (value: Schema.Json | undefined) => changed(payload, key, value) }]
    return breaks.map((one) => ({ name, ...one }))
  })
)

/** Follows the choices into a value, and puts something else where they end. */
const altered = (value: Schema.Json, choices: ReadonlyArray<number>, other: Schema.Json): Schema.Json => {
  const [choice, ...rest] = choices
  if (choice === undefined || typeof value !== "object" || value === null) return other
  const keys = Object.keys(value)
  const key = keys[choice % keys.length]
  if (key === undefined) return other
  const inner = (now: Schema.Json | undefined) => altered(now ?? null, rest, other)
  if (isObject(value)) return changed(value, key, inner(value[key]))
  return Object.values(value).map((one, index) => (String(index) === key ? inner(one) : one))
}

const Index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))
const Choices = Schema.Array(Index).check(Schema.isMinLength(1), Schema.isMaxLength(5))

describe("payloads of GitHub that are not as they should be", () => {
  const outcomes = new Map<string, number>()

  it.effect.prop(
    "pass through where a required field is gone or of another type",
    [Index, Schema.Boolean, Schema.Json],
    ([index, gone, json]) =>
      Effect.sync(() => {
        const one = broken[index % broken.length]
        assert.isDefined(one)
        const other = kindOf(json) === kindOf(one.now) ? null : json
        const payload = one.change(gone ? undefined : other)
        const event = decodeGitHub(one.name, payload)
        assert.deepStrictEqual<unknown>(event, { _tag: "Untyped", eventType: one.name, payload })
      }),
    { arbitrary: { runs: 1000 } }
  )

  it.effect.prop(
    "are typed or pass through, whole, whatever is in them",
    [Index, Choices, Schema.Json],
    ([index, choices, json]) =>
      Effect.sync(() => {
        const example = githubExamples[index % githubExamples.length]
        assert.isDefined(example)
        const payload = altered(example.payload, choices, json)
        const event = decodeGitHub(example.name, payload)
        assert.strictEqual<unknown>(event.payload, payload)
        assert.strictEqual(event.eventType, example.name)
        outcomes.set(event._tag, (outcomes.get(event._tag) ?? 0) + 1)
      }),
    { arbitrary: { runs: 1000 } }
  )

  it("came out both ways", () => {
    assert.deepStrictEqual(new Set(outcomes.keys()), new Set(["Typed", "Untyped"]))
  })
})
