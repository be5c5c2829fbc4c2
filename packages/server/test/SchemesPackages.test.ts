import { LinearWebhookClient } from "@linear/sdk/webhooks"
import { sign as signAsGitHub, verify as verifyAsGitHub } from "@octokit/webhooks-methods"
import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { assert, layer } from "@effect/vitest"
import { WorkOS } from "@workos-inc/node"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Webhook as StandardWebhook } from "standardwebhooks"
import { Stripe } from "stripe"
import { Webhook as SvixWebhook } from "svix"
import { post, type SchemeSender, type Sent } from "./support/SchemeSender.ts"
import { schemeSenders } from "./support/SchemeSenders.ts"
import { crypto, takes } from "./support/Verifying.ts"

/** A vendor's own package: how it signs, where it can, and whether it takes what others signed. */
interface Package {
  readonly config: InboundScheme
  readonly secret: string
  readonly sign?: (body: string, at: number) => Effect.Effect<Sent>
  /** Throws or is false where it refuses. */
  readonly verify: (sent: Sent) => unknown
  /** Who signs for it where it does not. */
  readonly sender: SchemeSender
}

const { github, linear, standard, stripe, svix, workos } = schemeSenders

const { webhooks: asWorkOS } = new WorkOS("sk_test_key")

const header = ({ headers }: Sent, name: string) => headers[name] ?? ""

const packages: Readonly<Record<string, Package>> = {
  "@octokit/webhooks-methods": {
    config: github.config,
    secret: github.keys[0].secret,
    sender: github,
    sign: (body) =>
      Effect.promise(async () =>
        post(body, { "x-hub-signature-256": await signAsGitHub(github.keys[0].secret, body) })
      ),
    verify: (sent) => verifyAsGitHub(github.keys[0].secret, sent.body, header(sent, "x-hub-signature-256"))
  },
  standardwebhooks: {
    config: standard.config,
    secret: standard.keys[0].secret,
    sender: standard,
    sign: (body, at) =>
      Effect.sync(() =>
        post(body, {
          "webhook-id": "msg_1",
          "webhook-timestamp": String(at / 1000),
          "webhook-signature": new StandardWebhook(standard.keys[0].secret).sign("msg_1", new Date(at), body)
        })
      ),
    verify: (sent) => new StandardWebhook(standard.keys[0].secret).verify(sent.body, { ...sent.headers })
  },
  svix: {
    config: svix.config,
    secret: svix.keys[0].secret,
    sender: svix,
    sign: (body, at) =>
      Effect.sync(() =>
        post(body, {
          "svix-id": "msg_1",
          "svix-timestamp": String(at / 1000),
          "svix-signature": new SvixWebhook(svix.keys[0].secret).sign("msg_1", new Date(at), body)
        })
      ),
    verify: (sent) => new SvixWebhook(svix.keys[0].secret).verify(sent.body, { ...sent.headers })
  },
  stripe: {
    config: stripe.config,
    secret: stripe.keys[0].secret,
    sender: stripe,
    sign: (body, at) =>
      Effect.sync(() =>
        post(body, {
          "stripe-signature": Stripe.webhooks.generateTestHeaderString({
            payload: body,
            secret: stripe.keys[0].secret,
            timestamp: at / 1000
          })
        })
      ),
    verify: (sent) =>
      Stripe.webhooks.constructEvent(sent.body, header(sent, "stripe-signature"), stripe.keys[0].secret)
  },
  "@workos-inc/node": {
    config: workos.config,
    secret: workos.keys[0].secret,
    sender: workos,
    sign: (body, at) =>
      Effect.promise(async () => {
        const signature = await asWorkOS.computeSignature(at, body, workos.keys[0].secret)
        return post(body, { "workos-signature": `t=${at}, v1=${signature}` })
      }),
    verify: (sent) =>
      asWorkOS.verifyHeader({
        payload: JSON.parse(sent.body),
        sigHeader: header(sent, "workos-signature"),
        secret: workos.keys[0].secret
      })
  },
  // Its client verifies and has nothing that signs.
  "@linear/sdk": {
    config: linear.config,
    secret: linear.keys[0].secret,
    sender: linear,
    verify: (sent) =>
      new LinearWebhookClient(linear.keys[0].secret).verify(
        Buffer.from(sent.body),
        header(sent, "linear-signature")
      )
  }
}

/** Whether a package takes a request. */
const packageTakes = ({ verify }: Package, sent: Sent) =>
  Effect.match(
    Effect.tryPromise(async () => (await verify(sent)) !== false),
    { onFailure: () => false, onSuccess: (taken) => taken }
  )

layer(crypto)("the vendor's own package", (it) => {
  for (const [name, vendor] of Object.entries(packages)) {
    const { config, secret, sender, sign } = vendor

    it.effect.prop(
      `${name} and the scheme take and refuse the same`,
      { text: Schema.String },
      ({ text }) =>
        Effect.gen(function* () {
          // The packages look at the machine's clock.
          const at = Math.floor(Date.now() / 1000) * 1000
          yield* TestClock.setTime(at)
          const said = { id: "id_12345", eventType: "order.paid", text, at }
          const ours = sender.keys[0].send(said)
          const others = sender.keys[1].send(said)
          assert.isTrue(yield* packageTakes(vendor, ours))
          assert.isTrue(yield* takes(config, [secret], ours))
          assert.isFalse(yield* packageTakes(vendor, others))
          assert.isFalse(yield* takes(config, [secret], others))
          if (sign !== undefined) {
            const theirs = yield* sign(JSON.stringify({ text }), at)
            assert.isTrue(yield* takes(config, [secret], theirs))
            assert.isFalse(yield* takes(config, [secret], { ...theirs, body: `${theirs.body} ` }))
          }
        }),
      { arbitrary: { runs: 20 } }
    )
  }
})
