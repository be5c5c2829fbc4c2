import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { next, Status, Trigger } from "../src/Lifecycle.ts"
import { IllegalTransition } from "../src/Problem.ts"

/** The lifecycle as it is documented, transcribed row by row: from, by, to. */
const rows = [
  ["not_configured", "configure", "pending_auth"],
  ["not_configured", "connect", "pending_auth"],
  ["pending_auth", "authorized", "active"],
  ["pending_auth", "failed", "error"],
  ["pending_auth", "abandoned", "not_configured"],
  ["pending_auth", "reconnect-abandoned", "error"],
  ["active", "fault", "error"],
  ["active", "suspend", "suspended"],
  ["error", "suspend", "suspended"],
  ["suspended", "resume-verified", "active"],
  ["suspended", "reconnect-verified", "active"],
  ["suspended", "resume-failed", "error"],
  ["suspended", "reconnect-failed", "error"],
  ["error", "reconnect-verified", "active"],
  ["error", "reconnect-consent", "pending_auth"],
  ["suspended", "reconnect-consent", "pending_auth"],
  ["pending_auth", "disconnect", "not_configured"],
  ["active", "disconnect", "not_configured"],
  ["error", "disconnect", "not_configured"],
  ["suspended", "disconnect", "not_configured"]
] as const

describe("Lifecycle", () => {
  it("allows exactly the documented transitions, of all 5 x 14 combinations", () => {
    const documented = new Map<string, Status>(rows.map(([from, by, to]) => [`${from} ${by}`, to]))
    assert.strictEqual(documented.size, rows.length)
    assert.strictEqual(Status.literals.length * Trigger.literals.length, 70)
    for (const from of Status.literals) {
      for (const by of Trigger.literals) {
        const to = next(from, by)
        const expected = documented.get(`${from} ${by}`)
        if (expected !== undefined) assert.strictEqual(to, expected, `${from} by ${by}`)
        else assert.deepStrictEqual(to, new IllegalTransition({ from, by }), `${from} by ${by}`)
      }
    }
  })

  it.prop(
    "no path of triggers leaves the statuses, and what is refused changes nothing",
    { start: Status, path: Schema.Array(Trigger).check(Schema.isMaxLength(50)) },
    ({ path, start }) => {
      let status: Status = start
      for (const by of path) {
        const to = next(status, by)
        if (to instanceof IllegalTransition) assert.strictEqual(to.from, status)
        else status = to
        assert.include(Status.literals, status)
      }
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop("whatever happened, disconnect leads back to the beginning", [Schema.Array(Trigger)], ([path]) => {
    const end = path.reduce<Status>((status, by) => {
      const to = next(status, by)
      return to instanceof IllegalTransition ? status : to
    }, "not_configured")
    const gone = end === "not_configured" ? end : next(end, "disconnect")
    assert.strictEqual(gone, "not_configured")
  })

  it("says what was refused", () => {
    const error = next("active", "connect")
    assert.instanceOf(error, IllegalTransition)
    assert.strictEqual(error.message, "An integration that is active has no transition by connect")
  })
})
