import { assert } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { databaseState } from "./DatabaseDump.ts"
import { problemOf } from "./ProblemDocument.ts"
import { type RawRequest, sendRaw } from "./RawHttp.ts"
import { TestService } from "./TestService.ts"

/** What is wrong with a request, the status that it is refused with, and where the problem finds the fault. */
export type Case = readonly [what: string, request: RawRequest, status: number, where?: string]

/** Says that a body is JSON. */
export const json = { "content-type": "application/json" }
/** Says who asks. */
export const bearer = (key: Redacted.Redacted) => ({ authorization: `Bearer ${Redacted.value(key)}` })

/** Requests with a body, given as a value or as the text of one. */
export const post = (path: string, body: unknown): RawRequest => ({
  method: "POST",
  path,
  headers: json,
  body: typeof body === "string" ? body : JSON.stringify(body)
})
export const patch = (path: string, body: unknown): RawRequest => ({ ...post(path, body), method: "PATCH" })
/** A request without a body. */
export const get = (path: string): RawRequest => ({ method: "GET", path })

/** Sends every case with a valid key, and asserts that each is refused as it should be and nothing changed. */
export const refuseAll = Effect.fnUntraced(function* (cases: ReadonlyArray<Case>) {
  const service = yield* TestService
  const { apiKey } = yield* service.tenant("Acme")
  const before = yield* databaseState
  for (const [what, request, status, where] of cases) {
    const headers = { ...bearer(apiKey.secret), ...request.headers }
    const answer = yield* sendRaw(service.url, { ...request, headers })
    assert.strictEqual(answer.status, status, `${what}: ${answer.body.slice(0, 500)}`)
    const problem = problemOf(answer, what)
    if (where === undefined) continue
    const places = problem.errors?.map(({ path }) => path.join(".")) ?? []
    assert.include(places, where, what)
  }
  assert.deepStrictEqual(yield* databaseState, before)
})
