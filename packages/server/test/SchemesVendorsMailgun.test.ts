import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { createHmac } from "node:crypto"
import { post } from "./support/SchemeSender.ts"
import { crypto, readBy, takes } from "./support/Verifying.ts"

const config = { type: "mailgun" } as const
const key = "key-of-the-account"
const token = "0e5b5477167110d68991efc6b9f89f0a11066af27834600e12"
const timestamp = "1700000000"

const signatureOf = (content: string, secret = key) =>
  createHmac("sha256", secret).update(content).digest("hex")

const proof = { timestamp, token, signature: signatureOf(timestamp + token) }

const event = (signature: unknown) =>
  post(JSON.stringify({ signature, "event-data": { id: "Ase7i2zsRYeDXztHGENqRA", event: "opened" } }), {})

const form = (fields: Readonly<Record<string, string>>) =>
  post(new URLSearchParams(fields).toString(), { "content-type": "application/x-www-form-urlencoded" })

const isTaken = (sent: ReturnType<typeof post>) => takes(config, [key], sent)

layer(crypto)("Mailgun", (it) => {
  it.effect("takes the example of its own PHP package's tests, and not the token that they refuse", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_403_645_220_000)
      const published = {
        timestamp: "1403645220",
        token: "5egbgr1vjgqxtrnp65xfznchgdccwh5d6i09vijqi3whgowmn6",
        signature: "9cfc5c41582e51246e73c88d34db3af0a3a2692a76fbab81492842f000256d33"
      }
      const refused = { ...published, token: "owyldpe6nxhmrn78epljl6bj0orrki1u3d2v5e6cnlmmuox8jr" }
      const isTakenByIts = (sent: ReturnType<typeof post>) =>
        takes(config, ["key-3ax6xnjp29jd6fds4gc373sgvjxteol0"], sent)
      assert.isTrue(yield* isTakenByIts(event(published)))
      assert.isTrue(yield* isTakenByIts(form(published)))
      assert.isFalse(yield* isTakenByIts(event(refused)))
      assert.isFalse(yield* isTakenByIts(form(refused)))
    })
  )

  it.effect("events and the forms of older messages are taken, and told by their tokens", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const older = form({ event: "delivered", ...proof, recipient: "a@b.example" })
      for (const sent of [event(proof), event({ ...proof, timestamp: 1_700_000_000 }), older]) {
        assert.isTrue(yield* isTaken(sent), sent.body)
      }
      assert.deepStrictEqual(readBy(config, event(proof)), { id: token, eventType: "opened" })
      assert.deepStrictEqual(readBy(config, older), { id: token, eventType: "delivered" })
      assert.isFalse(yield* takes(config, ["another"], event(proof)))
    })
  )

  it.effect("a subaccount's event is taken under its own key and under its parent's", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const sent = event({ ...proof, "parent-signature": signatureOf(timestamp + token, "parent") })
      assert.isTrue(yield* isTaken(sent))
      assert.isTrue(yield* takes(config, ["parent"], sent))
      assert.isFalse(yield* takes(config, ["another"], sent))
    })
  )

  it.effect("no byte of time, token or signature may differ, and none move from one to the other", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const others = [
        { ...proof, token: `1${token.slice(1)}` },
        { ...proof, timestamp: "1700000001" },
        {
          ...proof,
          signature: `${proof.signature.slice(0, -1)}${proof.signature.endsWith("0") ? "1" : "0"}`
        },
        { ...proof, signature: "" },
        { ...proof, token: "" },
        { ...proof, timestamp: timestamp + token.slice(0, 1), token: token.slice(1) },
        { ...proof, timestamp: timestamp.slice(0, -1), token: timestamp.slice(-1) + token },
        { ...proof, timestamp: "", token: timestamp + token },
        { timestamp, token },
        [proof],
        "text",
        null
      ]
      for (const other of others) {
        assert.isFalse(yield* isTaken(event(other)), JSON.stringify(other))
      }
      for (const body of ["", "[]", "null", "no JSON", JSON.stringify([{ signature: proof }])]) {
        assert.isFalse(yield* isTaken(post(body, {})), body)
      }
    })
  )

  it.effect("a token that was not the signed one is nobody's id", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const bodies = [
        { signature: proof, token: "another" },
        { ...proof, "event-data": {} },
        { ...proof, signature: { ...proof, token: "" } },
        { signature: [{ token: "another" }], timestamp, token }
      ]
      for (const body of bodies) {
        const sent = post(JSON.stringify(body), {})
        if (yield* isTaken(sent)) assert.strictEqual(readBy(config, sent).id, token, sent.body)
      }
      assert.isTrue(yield* isTaken(post(JSON.stringify(bodies[0]), {})))
    })
  )

  it.effect("the retries of eight hours are in time unless a webhook says otherwise", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000 + 8 * 3_600_000)
      assert.isTrue(yield* isTaken(event(proof)))
      assert.isFalse(yield* takes({ ...config, toleranceSeconds: 300 }, [key], event(proof)))
      yield* TestClock.setTime(1_700_000_000_000 + 9 * 3_600_000 + 1)
      assert.isFalse(yield* isTaken(event(proof)))
    })
  )
})
