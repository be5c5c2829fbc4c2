import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import { maxRetryAfter, minRetryAfter, retryAfter } from "../src/DeliveryEngine/RetryAfter.ts"

/** Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110. */
const now = Date.UTC(1994, 10, 6, 8, 49, 37)

const seconds = (header: string | undefined) => {
  const wait = retryAfter(header, now)
  return wait === undefined ? undefined : Duration.toSeconds(wait)
}

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** A point in time in each of the forms of RFC 9110, section 5.6.7. */
const formsOf = (millis: number) => {
  const date = new Date(millis)
  const day = days[date.getUTCDay()] ?? ""
  const month = months[date.getUTCMonth()] ?? ""
  const year = date.getUTCFullYear()
  const number = String(date.getUTCDate())
  const time = date.toISOString().slice(11, 19)
  return [
    date.toUTCString(),
    `${day}, ${number.padStart(2, "0")}-${month}-${String(year % 100).padStart(2, "0")} ${time} GMT`,
    `${day.slice(0, 3)} ${month} ${number.padStart(2, " ")} ${time} ${year}`
  ]
}

describe("Retry-After", () => {
  it("reads seconds", () => {
    assert.strictEqual(seconds("120"), 120)
    assert.strictEqual(seconds(" 7 "), 7)
    assert.strictEqual(seconds("007"), 7)
  })

  it("reads the three forms of dates", () => {
    assert.strictEqual(seconds("Sun, 06 Nov 1994 08:50:37 GMT"), 60)
    assert.strictEqual(seconds("Sunday, 06-Nov-94 08:50:37 GMT"), 60)
    assert.strictEqual(seconds("Sun Nov  6 08:50:37 1994"), 60)
    assert.strictEqual(seconds("Sun, 06 Nov 1994 23:59:60 GMT"), 54_623)
  })

  it("stays between a second and a day", () => {
    assert.strictEqual(seconds("0"), 1)
    assert.strictEqual(seconds("86400"), 86_400)
    assert.strictEqual(seconds("86401"), 86_400)
    assert.strictEqual(seconds("9".repeat(40)), 86_400)
    assert.strictEqual(seconds("Sun, 06 Nov 1994 08:49:36 GMT"), 1)
    assert.strictEqual(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), 1)
    assert.strictEqual(seconds("Fri, 31 Dec 9999 23:59:59 GMT"), 86_400)
  })

  it("is nothing when the header is nonsense", () => {
    for (const header of [
      undefined,
      "",
      " ",
      "-1",
      "+1",
      "1.5",
      "1e3",
      "0x10",
      "١٢",
      "120, 120",
      "120 seconds",
      "tomorrow",
      "NaN",
      "Infinity",
      "1994-11-06T08:50:37Z",
      "Sun, 06 Nov 1994 08:50:37",
      "Sun, 06 Nov 1994 08:50:37 CET",
      "Sun, 6 Nov 1994 08:50:37 GMT",
      "Sun, 31 Feb 1994 08:50:37 GMT",
      "Sun, 06 Foo 1994 08:50:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 08:50:37 GMT, Sun, 06 Nov 1994 08:50:37 GMT",
      "9".repeat(41),
      "1".repeat(1_000_000)
    ]) {
      assert.isUndefined(retryAfter(header, now), header?.slice(0, 80))
    }
  })

  it.prop(
    "counts any date from now, whatever its form",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 })),
      Schema.Int.check(Schema.isBetween({ minimum: -100_000, maximum: 100_000 }))
    ],
    ([at, after]) => {
      // From 1980 to 2048, where two digits of a year are plain.
      const now = Date.UTC(1980, 0, 2) + at * 1000
      for (const form of formsOf(now + after * 1000)) {
        const wait = retryAfter(form, now)
        assert.strictEqual(wait && Duration.toSeconds(wait), Math.min(86_400, Math.max(1, after)), form)
      }
    }
  )

  it.prop(
    "reads any number of seconds",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))],
    ([number]) => {
      assert.strictEqual(seconds(String(number)), Math.min(86_400, Math.max(1, number)))
    }
  )

  it.prop(
    "never throws and never leaves its bounds",
    [Schema.Union([Schema.String, Schema.String.check(Schema.isPattern(/^[0-9A-Za-z,: -]{0,40}$/))])],
    ([header]) => {
      const wait = retryAfter(header, now)
      assert.isTrue(
        wait === undefined || Duration.between(wait, { minimum: minRetryAfter, maximum: maxRetryAfter })
      )
    },
    { arbitrary: { runs: 500 } }
  )
})
