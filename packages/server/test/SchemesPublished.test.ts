import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { post } from "./support/SchemeSender.ts"
import { crypto, readBy, takes } from "./support/Verifying.ts"

interface Published {
  /** Whose documentation it stands in, or whose tests. */
  readonly by: string
  readonly config: InboundScheme
  readonly secret: string
  /** Unix seconds. */
  readonly at?: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The secret of the documentation of GitHub, Jira and Bitbucket. */
const everybody = "It's a Secret to Everybody"

const standardExample = {
  at: 1_614_265_330,
  body: '{"test": 2432232314}',
  headers: { "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330" }
}

const helloWorld = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"

const published: ReadonlyArray<Published> = [
  {
    by: "GitHub",
    config: { type: "github" },
    secret: everybody,
    headers: {
      "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    },
    body: "Hello, World!"
  },
  {
    by: "Jira",
    config: { type: "jira" },
    secret: everybody,
    headers: { "x-hub-signature": helloWorld },
    body: "Hello World!"
  },
  {
    by: "Bitbucket",
    config: { type: "bitbucket" },
    secret: everybody,
    headers: { "x-hub-signature": helloWorld },
    body: "Hello World!"
  },
  // The tests of `shopify-api-php`.
  {
    by: "Shopify",
    config: { type: "shopify" },
    secret: "steffi",
    headers: { "x-shopify-hmac-sha256": "/Redz4YXHLnSmmSN8grr5/Jl/Ua3d7yX3iWbjb8R8wo=" },
    body: '{"foo":"bar"}'
  },
  {
    by: "Standard Webhooks, v1",
    config: { type: "standard" },
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ...standardExample,
    headers: {
      ...standardExample.headers,
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    }
  },
  {
    by: "Standard Webhooks, v1a",
    config: { type: "standard" },
    secret: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
    ...standardExample,
    headers: {
      ...standardExample.headers,
      "webhook-signature":
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
    }
  },
  {
    by: "Stripe, as its package signs",
    config: { type: "stripe" },
    secret: "whsec_a",
    at: 1_700_000_000,
    headers: {
      "stripe-signature": "t=1700000000,v1=df87fbe58f040d9c8b0a699dde357e2fdaaf72826b77a63b875a907f851d0b0d"
    },
    body: '{"id":"evt_1","object":"event"}'
  },
  {
    by: "Slack",
    config: { type: "slack" },
    secret: "8f742231b10e8888abcd99yyyzzz85a5",
    at: 1_531_420_618,
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": "1531420618",
      "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    },
    body:
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V" +
      "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=" +
      "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
      "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
  }
]

/**
 * Typeform, Calendly, Intercom, Sentry and Zendesk show how they sign, in words and in code, but no example of today
 * whose secret and body are known, and no package of theirs verifies. What stands for them is from the tests of the
 * Rust crate `webhook-verify`, made with OpenSSL by others who read the same pages. So a misreading here is seen,
 * unless it was theirs too.
 */
const independent: ReadonlyArray<Published> = [
  {
    by: "Typeform",
    config: { type: "typeform" },
    secret: "typeform_webhook_secret_2026",
    headers: { "typeform-signature": "sha256=SxAJUw6vn/KWUnuo8L+etZQ1+P6nGF+4t92qCVhABgo=" },
    body:
      '{"event_type":"form_response","form_response":{"form_id":"aBcDefGhIj","token":"8lBh6Y7h2qOHo",' +
      '"submitted_at":"2023-01-27T15:40:21Z"}}'
  },
  {
    by: "Calendly",
    config: { type: "calendly" },
    secret: "calendly_signing_key_test",
    at: 1_700_000_000,
    headers: {
      "calendly-webhook-signature":
        "t=1700000000,v1=c28fe5f7a1527d7f93349786637c707d636115f902962c743a8b8d88b6b9c401"
    },
    body: '{"event":"invitee.created","payload":{"email":"test@example.com"}}'
  },
  {
    by: "Intercom",
    config: { type: "intercom" },
    secret: "intercom-client-secret-for-testing",
    headers: { "x-hub-signature": "sha1=cbf9bf16f89d9cf089ee3500c5ba94595b3aedcd" },
    body:
      '{"type":"notification_event","app_id":"abc123","data":{"type":"notification_event_data",' +
      '"item":{"type":"ticket","id":"5"}}}'
  },
  {
    by: "Sentry",
    config: { type: "sentry" },
    secret: "sentry-local-test-secret",
    headers: {
      "sentry-hook-signature": "e51fc0e3a08e58a9b33eca67da7ab4e66b0628403d02d95bec5e48b0e2768189"
    },
    body: '{"action":"created","installation":{"uuid":"2f30d648-1f8e-4bce-8a2e-64e26e2c5f0f"}}'
  },
  // The secret that Zendesk documents for every webhook which is tried out before it is made.
  {
    by: "Zendesk",
    config: { type: "zendesk" },
    secret: "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==",
    at: Date.UTC(2021, 2, 25, 5, 9, 27) / 1000,
    headers: {
      "x-zendesk-webhook-signature-timestamp": "2021-03-25T05:09:27Z",
      "x-zendesk-webhook-signature": "AIKe20cG9E5XJyLFwhJV65AB0VqYImb600SJaS0Q5kI="
    },
    body:
      '{"zen:event-type":"zen:event-type:ticket.created","webhook_id":"01F1KRFQ6BG29CNWFR60NK5FNY",' +
      '"account_id":"123456","ticket":{"id":61241563692,"subject":"Customer inquiry","status":"new"}}'
  }
]

layer(crypto)("the example", (it) => {
  const examples = [
    ...published.map((one) => ({ ...one, of: `published by ${one.by}` })),
    ...independent.map((one) => ({ ...one, of: `that others made of ${one.by}'s documentation` }))
  ]
  for (const { at, body, config, headers, of, secret } of examples) {
    it.effect(`${of} is taken, at its time and as it is`, () =>
      Effect.gen(function* () {
        const seconds = at ?? 1_700_000_000
        yield* TestClock.setTime(seconds * 1000)
        const sent = post(body, headers)
        assert.isTrue(yield* takes(config, [secret], sent))
        assert.isFalse(yield* takes(config, [secret], post(`${body} `, headers)))
        yield* TestClock.setTime((seconds + 301) * 1000)
        assert.strictEqual(yield* takes(config, [secret], sent), at === undefined)
      })
    )
  }

  it.effect("of an older page of Zendesk, which put the time behind the body, is refused", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2021, 6, 25, 10))
      const sent = post('{"say": "hello"}', {
        "x-zendesk-webhook-signature-timestamp": "2021-07-25T10:00:00Z",
        "x-zendesk-webhook-signature": "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw="
      })
      const secret = "HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA="
      assert.isFalse(yield* takes({ type: "zendesk" }, [secret], sent))
    })
  )

  it.effect("published by Slack has the id and the type of a slash command", () =>
    Effect.sync(() => {
      const slack = published.find(({ by }) => by === "Slack")
      assert.deepStrictEqual(readBy({ type: "slack" }, post(slack?.body ?? "", {})), {
        id: "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        eventType: "/webhook-collect"
      })
    })
  )
})
