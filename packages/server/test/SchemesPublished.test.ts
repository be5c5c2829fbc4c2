import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { post } from "./support/SchemeSender.ts"
import { crypto, readBy, takes } from "./support/Verifying.ts"

interface Published {
  /** Whose documentation it stands in. */
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

layer(crypto)("the published example", (it) => {
  for (const { at, body, by, config, headers, secret } of published) {
    it.effect(`of ${by} is taken, at its time and as it is`, () =>
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

  it.effect("of Slack has the id and the type of a slash command", () =>
    Effect.sync(() => {
      const slack = published.find(({ by }) => by === "Slack")
      assert.deepStrictEqual(readBy({ type: "slack" }, post(slack?.body ?? "", {})), {
        id: "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        eventType: "/webhook-collect"
      })
    })
  )
})
