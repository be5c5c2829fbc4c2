import { assert, describe, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { Verifier } from "../src/InboundWebhooks/Scheme.ts"
import { traitsOf } from "../src/InboundWebhooks/Schemes.ts"
import type { Said, SchemeSender, Sent } from "./support/SchemeSender.ts"
import { schemeSenders } from "./support/SchemeSenders.ts"
import { crypto, holds, readBy, received, verifying } from "./support/Verifying.ts"

const at = 1_700_000_000_000

const Saying = Schema.Struct({
  id: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{8,40}$/)),
  eventType: Schema.String.check(Schema.isPattern(/^[a-z]{1,10}\.[a-z_]{1,10}$/)),
  text: Schema.String
})

/** A change of one byte: where, and to what. */
const Change = Schema.Struct({
  place: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 })),
  // Printable, so that it may stand in a header, and no blank, which headers lose at their ends.
  byte: Schema.Int.check(Schema.isBetween({ minimum: 0x21, maximum: 0x7e }))
})

const utf8 = new TextEncoder()

/** Parts of a header whose letters mean the same in both cases: a signature in hexadecimal, the name of a way to authenticate. */
const eitherCase = /(?<![\w+/])[0-9a-f]{40,}(?![\w+/=])|^(?:basic|bearer) /gi

/** A header with every part in lower case that may be in either. */
const meaningOf = (text: string) => text.replaceAll(eitherCase, (part) => part.toLowerCase())

const replaced = (text: string, index: number, character: string) =>
  text.slice(0, index) + character + text.slice(index + 1)

/** A letter in its other case; anything else as it is. */
const otherCase = (character: string) => {
  const lower = character.toLowerCase()
  return character === lower ? character.toUpperCase() : lower
}

/** A text with one of its characters changed to another one, and with one in its other case. */
const changed = (text: string, { byte, place }: typeof Change.Type): ReadonlyArray<string> => {
  const index = place % text.length
  const others = [String.fromCharCode(byte), otherCase(text.charAt(index))]
  return others.map((other) => replaced(text, index, other)).filter((other) => other !== text)
}

/** Content types, which nobody signs: none may make of a message another one. */
const contentTypes = ["application/json", "application/x-www-form-urlencoded", "text/plain", ""]

/** Every header that any sender writes an id to. */
const forgedIds = Object.fromEntries(
  Object.values(schemeSenders)
    .flatMap(({ config }) => traitsOf(config).id ?? [])
    .flatMap((place) => (typeof place === "object" && place.in === "header" ? [[place.name, "forged"]] : []))
)

const withHeader = (sent: Sent, name: string, value: string): Sent => ({
  ...sent,
  headers: { ...sent.headers, [name]: value }
})

const withoutHeader = (sent: Sent, name: string): Sent => ({
  ...sent,
  headers: Object.fromEntries(Object.entries(sent.headers).filter(([key]) => key !== name))
})

/** The request with a byte changed in each of the places that the scheme proves. */
const mutants = (sent: Sent, { proves }: SchemeSender, change: typeof Change.Type) => {
  const all: Array<{ readonly what: string; readonly request: ReturnType<typeof received> }> = []
  if (proves.body) {
    const body = utf8.encode(sent.body)
    const index = change.place % body.length
    body[index] = (body[index] ?? 0) ^ change.byte
    all.push({ what: `body at ${index}`, request: received(sent, body) })
  }
  for (const name of proves.headers) {
    const header = sent.headers[name] ?? ""
    for (const value of changed(header, change)) {
      if (meaningOf(value) === meaningOf(header)) continue
      all.push({ what: `${name}: ${value}`, request: received(withHeader(sent, name, value)) })
    }
  }
  const { origin } = new URL(sent.url)
  // A letter, for some signs mean the same in an address as their escapes.
  const letter = { place: change.place, byte: 0x61 + (change.byte % 26) }
  for (const path of proves.url === true ? changed(sent.url.slice(origin.length), letter) : []) {
    all.push({ what: path, request: received({ ...sent, url: origin + path }) })
  }
  if (proves.method === true) all.push({ what: "PUT", request: received({ ...sent, method: "PUT" }) })
  return all
}

/** What has to hold for every kind of sender. */
const holdFor = (scheme: SchemeSender) => {
  const { config, keys, proves, reads } = scheme
  const [first, second] = keys

  layer(crypto)(config.type, (it) => {
    const takesAt = (verify: Verifier, sent: Sent, now: number) =>
      Effect.andThen(TestClock.setTime(now), holds(verify, received(sent)))

    it.effect.prop(
      "is proved by its secret, and by no other one",
      { saying: Saying },
      ({ saying }) =>
        Effect.gen(function* () {
          const said: Said = { ...saying, at }
          const alone = yield* verifying(config, first.secret)
          assert.isTrue(yield* takesAt(alone, first.send(said), at))
          assert.strictEqual(yield* takesAt(alone, second.send(said), at), proves.nothing === true)
          const rotating = yield* verifying(config, second.secret, first.secret)
          assert.isTrue(yield* takesAt(rotating, first.send(said), at))
          assert.isTrue(yield* takesAt(rotating, second.send(said), at))
          const { eventType, id } = reads(said)
          const sent = first.send(said)
          assert.deepStrictEqual(readBy(config, sent), { id, eventType })
          for (const type of contentTypes) {
            assert.deepStrictEqual(readBy(config, withHeader(sent, "content-type", type)), { id, eventType })
          }
          const forged = { ...sent, headers: { ...forgedIds, ...sent.headers } }
          if (proves.body && (yield* holds(alone, received(forged)))) {
            assert.strictEqual(readBy(config, forged).id, id)
          }
        }),
      { arbitrary: { runs: 30 } }
    )

    it.effect.prop(
      "is refused once any byte was changed that is proved",
      {
        saying: Saying,
        changes: Schema.Array(Change).check(Schema.isMinLength(1), Schema.isMaxLength(10))
      },
      ({ changes, saying }) =>
        Effect.gen(function* () {
          yield* TestClock.setTime(at)
          const verify = yield* verifying(config, first.secret)
          const sent = first.send({ ...saying, at })
          assert.isTrue(yield* holds(verify, received(sent)))
          for (const change of changes) {
            for (const { request, what } of mutants(sent, scheme, change)) {
              assert.isFalse(yield* holds(verify, request), what)
            }
          }
        }),
      { arbitrary: { runs: 60 } }
    )

    it.effect("is refused without a header that is proved, or with an empty or an enormous one", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(at)
        const verify = yield* verifying(config, first.secret)
        const sent = first.send({ id: "id_12345", eventType: "order.paid", text: "text", at })
        assert.isTrue(yield* holds(verify, received(sent)))
        for (const name of proves.headers) {
          assert.isFalse(yield* holds(verify, received(withoutHeader(sent, name))), name)
          for (const other of ["", "x", ",".repeat(15_000), " x".repeat(7_500), "\u00e9"]) {
            assert.isFalse(
              yield* holds(verify, received(withHeader(sent, name, other))),
              `${name}: ${other.slice(0, 50)}`
            )
          }
        }
      })
    )

    const { toleranceSeconds } = proves
    if (toleranceSeconds !== undefined) {
      it.effect("is refused where its time is too far from now, both ways", () =>
        Effect.gen(function* () {
          const verify = yield* verifying(config, first.secret)
          const sent = first.send({ id: "id_12345", eventType: "order.paid", text: "text", at })
          const far = toleranceSeconds * 1000
          for (const now of [at - far, at + far]) assert.isTrue(yield* takesAt(verify, sent, now))
          for (const now of [at - far - 1, at + far + 1]) assert.isFalse(yield* takesAt(verify, sent, now))
        })
      )
    }
  })
}

describe("a message of scheme", () => {
  for (const scheme of Object.values(schemeSenders)) holdFor(scheme)
})
