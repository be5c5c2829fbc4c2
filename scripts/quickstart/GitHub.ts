import { Effect, FileSystem, Redacted, Schema } from "effect"
import { HttpBody, HttpClient, HttpClientRequest } from "effect/http"
import { createHmac, randomUUID } from "node:crypto"
import { fileURLToPath } from "node:url"
import { Surprise } from "./Report.ts"

/** The events that are sent: one real payload of each. */
const names = [
  "ping",
  "push",
  "create",
  "pull_request",
  "pull_request_review",
  "issues",
  "issue_comment",
  "check_run",
  "workflow_run",
  "deployment",
  "release",
  "star"
]

/** A webhook of GitHub's. */
export interface GitHubEvent {
  readonly name: string
  readonly body: string
}

const Examples = Schema.fromJsonString(
  Schema.Array(Schema.Struct({ name: Schema.String, examples: Schema.NonEmptyArray(Schema.Json) }))
)

/** A dozen webhooks that GitHub really sent, from @octokit/webhooks-examples. */
export const events = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const file = fileURLToPath(import.meta.resolve("@octokit/webhooks-examples"))
  const examples = yield* Schema.decodeEffect(Examples)(yield* fs.readFileString(file))
  const bodies = new Map(examples.map((one) => [one.name, JSON.stringify(one.examples[0])]))
  return yield* Effect.forEach(names, (name) => {
    const body = bodies.get(name)
    return body === undefined
      ? Effect.fail(new Surprise({ claim: "the examples hold every event", found: `no ${name}` }))
      : Effect.succeed<GitHubEvent>({ name, body })
  })
})

/** Posts a webhook as GitHub does, signed with `secret` ("Validating webhook deliveries"). */
export const send = Effect.fnUntraced(function* (
  to: Redacted.Redacted,
  { body, name }: GitHubEvent,
  secret: Redacted.Redacted
) {
  const response = yield* HttpClientRequest.post(Redacted.value(to)).pipe(
    HttpClientRequest.setBody(HttpBody.text(body, "application/json")),
    HttpClientRequest.setHeaders({
      "x-github-event": name,
      "x-github-delivery": randomUUID(),
      "x-hub-signature-256": `sha256=${createHmac("sha256", Redacted.value(secret)).update(body).digest("hex")}`
    }),
    HttpClient.execute
  )
  return { status: response.status, answer: yield* response.json }
})
