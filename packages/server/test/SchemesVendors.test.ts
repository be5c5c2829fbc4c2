import { EventWebhook } from "@sendgrid/eventwebhook"
import { Paddle } from "@paddle/paddle-node-sdk"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { verifyKey } from "discord-interactions"
import { generateKeyPairSync } from "node:crypto"
import { address, post, type SchemeSender } from "./support/SchemeSender.ts"
import { asSendGrid, vendorSenders } from "./support/VendorSenders.ts"
import { challengeOf, crypto, readBy, takes } from "./support/Verifying.ts"

const said = { id: "evt-1", eventType: "thing.made", text: "Grüße, 🎉", at: 1_700_000_000_000 }

const key = ({ keys: [first] }: SchemeSender) => first

layer(crypto)("vectors of the vendors", (it) => {
  it.effect("SendGrid's own example is taken, and none that differs in its signature's form", () =>
    Effect.gen(function* () {
      const secret =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
      const events = [
        {
          email: "hello@world.com",
          event: "dropped",
          reason: "Bounced Address",
          sg_event_id: "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
          sg_message_id: "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",
          "smtp-id": "<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",
          timestamp: 1600112492
        }
      ]
      const signature =
        "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
      const example = (text: string) =>
        post(`${JSON.stringify(events)}\r\n`, {
          "x-twilio-email-event-webhook-signature": text,
          "x-twilio-email-event-webhook-timestamp": "1600112502"
        })
      yield* TestClock.setTime(1600112502_000)
      assert.isTrue(yield* takes({ type: "sendgrid" }, [secret], example(signature)))
      const der = Buffer.from(signature, "base64")
      const others = {
        "behind it": Buffer.concat([der, Buffer.of(0)]),
        "a zero in front of r": Buffer.concat([Buffer.of(0x30, 0x46, 2, 0x21, 0), der.subarray(4)]),
        "a long form of the length": Buffer.concat([Buffer.of(0x30, 0x81), der.subarray(1)]),
        "no zero in front of s": Buffer.concat([
          Buffer.of(0x30, 0x44),
          der.subarray(2, 36),
          Buffer.of(2, 0x20),
          der.subarray(39)
        ]),
        nothing: Buffer.of(),
        "cut off": der.subarray(0, -1)
      }
      for (const [how, bytes] of Object.entries(others)) {
        const sent = example(bytes.toString("base64"))
        assert.isFalse(yield* takes({ type: "sendgrid" }, [secret], sent), how)
      }
    })
  )

  it.effect("HubSpot's version 3, as its SDK computes it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const sent = {
        ...post('{"example_field":"example_value"}', {
          "x-hubspot-request-timestamp": "1700000000000",
          "x-hubspot-signature-v3": "rQEKkaNUiu+1qGF//O/pw4BCzstSqO1PyUnGICmf+7o="
        }),
        url: "https://www.example.com/webhook_uri"
      }
      const secret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
      assert.isTrue(yield* takes({ type: "hubspot" }, [secret], sent))
      assert.isFalse(yield* takes({ type: "hubspot" }, [secret], { ...sent, method: "PUT" }))
    })
  )

  it.effect("HubSpot signs an address whose twelve characters it decoded, and no others", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(said.at)
      const sent = key(vendorSenders.hubspot).send(said)
      const encoded = sent.url.replace("https://hooks.example/in/token?tenant=", "")
      const takesAt = (url: string) =>
        takes({ type: "hubspot" }, [key(vendorSenders.hubspot).secret], { ...sent, url })
      assert.isTrue(yield* takesAt(sent.url.replace("/in/", "%2Fin%2f")))
      assert.isFalse(yield* takesAt(sent.url.replace("/in/", "%252Fin/")))
      assert.isFalse(yield* takesAt(sent.url.replace(encoded, "%61cme")))
    })
  )

  it.effect("Square's, as its SDK computes it", () =>
    Effect.gen(function* () {
      const sent = {
        ...post(
          '{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification",' +
            '"event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z",' +
            '"data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}',
          { "x-square-hmacsha256-signature": "pGRqj9GSSbM6O/O9z98MeFVedq3Q2OTDEMGMq8wEM+s=" }
        ),
        url: "https://example.com/webhook"
      }
      assert.isTrue(yield* takes({ type: "square" }, ["asdf1234"], sent))
      assert.deepStrictEqual(readBy({ type: "square" }, sent), {
        id: "ac3ac95b-f97d-458c-a6e6-18981597e05f",
        eventType: "webhooks.test_notification"
      })
    })
  )
})

layer(crypto)("readers of the vendors", (it) => {
  it.effect(
    "Paddle's own takes what we take, and several signatures are tried while a secret is replaced",
    () =>
      Effect.gen(function* () {
        // Theirs bears five seconds of delay, and a time that is yet to come.
        const now = Math.floor(Date.now() / 1000) * 1000 + 60_000
        yield* TestClock.setTime(now)
        const [old, young] = vendorSenders.paddle.keys
        const sent = old.send({ ...said, at: now })
        const header = sent.headers["paddle-signature"] ?? ""
        const theirs = (secret: string) =>
          Effect.promise(() => new Paddle("").webhooks.isSignatureValid(sent.body, secret, header))
        assert.isTrue(yield* theirs(old.secret))
        assert.isFalse(yield* theirs(young.secret))
        assert.isTrue(yield* takes({ type: "paddle" }, [old.secret], sent))
        assert.isFalse(yield* takes({ type: "paddle" }, [young.secret], sent))
        const both = young
          .send({ ...said, at: now })
          .headers["paddle-signature"]?.replace(";", `;${header.split(";")[1]};`)
        const rotated = { ...sent, headers: { "paddle-signature": both ?? "" } }
        assert.isTrue(yield* takes({ type: "paddle" }, [old.secret], rotated))
        assert.isTrue(yield* takes({ type: "paddle" }, [young.secret], rotated))
      })
  )

  it.effect("Discord's own takes what we take", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(said.at)
      const { secret, send } = key(vendorSenders.discord)
      const sent = send(said)
      const theirs = (body: string) =>
        Effect.promise(() =>
          verifyKey(
            body,
            sent.headers["x-signature-ed25519"] ?? "",
            sent.headers["x-signature-timestamp"] ?? "",
            secret
          )
        )
      assert.isTrue(yield* theirs(sent.body))
      assert.isFalse(yield* theirs(`${sent.body} `))
      assert.isTrue(yield* takes({ type: "discord" }, [secret], sent))
      assert.isFalse(yield* takes({ type: "discord" }, [secret], { ...sent, body: `${sent.body} ` }))
    })
  )

  it.effect("SendGrid's own takes what we take, whatever the lengths of a signature's numbers", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(said.at)
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
      const secret = publicKey.export({ type: "spki", format: "der" }).toString("base64")
      const reader = new EventWebhook()
      const theirKey = reader.convertPublicKeyToECDSA(secret)
      const lengths = new Set<number>()
      for (let round = 0; round < 200; round++) {
        const body = JSON.stringify([{ sg_event_id: `evt-${round}`, event: "open" }])
        const sent = post(body, asSendGrid(privateKey, "1700000000", body))
        const signature = sent.headers["x-twilio-email-event-webhook-signature"]
        assert.isTrue(yield* takes({ type: "sendgrid" }, [secret], sent), signature)
        lengths.add(Buffer.from(signature ?? "", "base64").length)
        if (round < 3) assert.isTrue(reader.verifySignature(theirKey, body, signature ?? "", "1700000000"))
      }
      assert.isAbove(lengths.size, 1)
    })
  )
})

layer(crypto)("secrets that cannot be right", (it) => {
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey
  const wrong = {
    discord: ["not hexadecimal", "ab".repeat(31), "ab".repeat(33)],
    sendgrid: [
      "no base64!",
      "QUJD",
      "ab".repeat(32),
      p384.export({ type: "spki", format: "der" }).toString("base64")
    ]
  }
  for (const type of ["discord", "sendgrid"] as const) {
    it.effect(`${type} says what it expects`, () =>
      Effect.gen(function* () {
        for (const secret of wrong[type]) {
          const error = yield* Effect.flip(takes({ type }, [secret], post("{}", {})))
          assert.strictEqual(error._tag, "InvalidSigningSecret")
          assert.match(error.message, /^Expected .*key/)
        }
      })
    )
  }

  it.effect("a key of Discord's that is no point refuses every message, and breaks nothing", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(said.at)
      const sent = key(vendorSenders.discord).send(said)
      for (const secret of ["ff".repeat(32), "00".repeat(32), "02".repeat(32)]) {
        assert.isFalse(yield* takes({ type: "discord" }, [secret], sent))
      }
    })
  )
})

layer(crypto)("what vendors say of their messages", (it) => {
  it.effect("Discord asks with PING, and an event of type 1 is none", () =>
    Effect.sync(() => {
      const config = { type: "discord" } as const
      const asks = (body: object) => challengeOf(config, post(JSON.stringify(body), {}))
      assert.deepStrictEqual(asks({ version: 1, application_id: "1", type: 0 }), { status: 204 })
      assert.deepStrictEqual(asks({ id: "1", application_id: "1", type: 1, token: "t", version: 1 }), {
        status: 200,
        contentType: "application/json",
        body: '{"type":1}'
      })
      const event = { version: 1, application_id: "1", type: 1, event: { type: "ENTITLEMENT_CREATE" } }
      const command = { id: "846462639134605312", type: 2, data: { name: "ping" } }
      assert.isUndefined(asks(event))
      assert.isUndefined(asks(command))
      assert.isUndefined(challengeOf(config, post("no JSON", {})))
      assert.deepStrictEqual(readBy(config, post(JSON.stringify(command), {})), {
        id: "846462639134605312",
        eventType: "2"
      })
    })
  )

  it.effect("a batch is told by all of its events, and has a type if they have one", () =>
    Effect.sync(() => {
      const read = (...events: ReadonlyArray<object>) =>
        readBy({ type: "sendgrid" }, post(JSON.stringify(events), {}))
      const [open, click] = [
        { sg_event_id: "a", event: "open" },
        { sg_event_id: "b", event: "click" }
      ]
      assert.deepStrictEqual(read(open), { id: "a", eventType: "open" })
      assert.deepStrictEqual(read(open, click), { id: '["a","b"]', eventType: undefined })
      assert.deepStrictEqual(read(open, open), { id: '["a","a"]', eventType: "open" })
      assert.deepStrictEqual(read(open, { event: "open" }), { id: undefined, eventType: "open" })
      assert.deepStrictEqual(read(), { id: undefined, eventType: undefined })
    })
  )

  it.effect("an attempt of HubSpot's counts up and is the same message", () =>
    Effect.sync(() => {
      const read = (attemptNumber: number) =>
        readBy(
          { type: "hubspot" },
          post(
            JSON.stringify([
              {
                eventId: 1,
                subscriptionId: 12345,
                occurredAt: 1564113600000,
                subscriptionType: "contact.creation",
                attemptNumber
              }
            ]),
            {}
          )
        )
      assert.deepStrictEqual(read(0), { id: '["12345","1","1564113600000"]', eventType: "contact.creation" })
      assert.deepStrictEqual(read(1), read(0))
    })
  )

  it.effect("a time of Zendesk's without its zone is none", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(said.at)
      const { secret, send } = key(vendorSenders.zendesk)
      const sent = send(said)
      assert.strictEqual(sent.url, address)
      assert.isTrue(yield* takes({ type: "zendesk" }, [secret], sent))
      const name = "x-zendesk-webhook-signature-timestamp"
      for (const time of ["", "2023-11-14T22:13:20", "2023-11-14", "1700000000", "2023-13-14T22:13:20Z"]) {
        const headers = { ...sent.headers, [name]: time }
        assert.isFalse(yield* takes({ type: "zendesk" }, [secret], { ...sent, headers }), time)
      }
    })
  )
})
