import { WebhookBatch } from "@do-integrations/client/WebhookEnvelope"
import { type WebhookRequest, WebhookVerifier } from "@do-integrations/client/WebhookVerifier"
import type { Batching, SignatureVersion } from "@do-integrations/domain/Webhook/Outbound"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Webhook } from "standardwebhooks"
import { Webhook as SvixWebhook } from "svix"
import { allIn, deliveriesTo, endpoint, newTenant, publish } from "./support/Outbound.ts"
import { eventually } from "./support/Eventually.ts"
import { type Delivered, receiver } from "./support/Receiver.ts"
import { TestService } from "./support/TestService.ts"

const names = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const

/** The headers that a signature is verified with. */
const signedHeaders = ({ headers }: Delivered): Record<(typeof names)[number], string> => ({
  "webhook-id": String(headers["webhook-id"]),
  "webhook-timestamp": String(headers["webhook-timestamp"]),
  "webhook-signature": String(headers["webhook-signature"])
})

const libraries = [Webhook, SvixWebhook] as const

/** One delivery to an endpoint that signs with these versions, with what it is verified by. */
const delivered = Effect.fnUntraced(function* (
  signatures: ReadonlyArray<SignatureVersion>,
  batching?: Batching
) {
  const { client } = yield* newTenant
  const target = yield* receiver
  const { id, publicKey, secret } = yield* endpoint(client, target.url, {
    signatures,
    ...(batching === undefined ? {} : { batching })
  })
  const events = yield* Effect.replicateEffect(
    publish(client, { name: "Käse\u2028" }),
    batching?.maxEvents ?? 1
  )
  yield* allIn(client, id, "succeeded")
  const [request] = target.got
  assert.isDefined(request)
  return { client, id, target, events, publicKey, secret, request }
})

const flip = (text: string, index: number) => {
  const bytes = Buffer.from(text)
  bytes[index] = Number(bytes[index]) ^ 1
  return bytes
}

/** Every request that differs from this one in one bit of some byte of its body, id, timestamp or signature. */
const mutations = ({
  body,
  headers
}: {
  readonly body: string
  readonly headers: Record<string, string>
}) => {
  const all: Array<{ readonly body: Buffer; readonly headers: Record<string, string> }> = []
  for (let index = 0; index < Buffer.byteLength(body); index++) all.push({ body: flip(body, index), headers })
  for (const name of ["webhook-id", "webhook-timestamp"]) {
    const value = headers[name] ?? ""
    for (let index = 0; index < value.length; index++) {
      all.push({ body: Buffer.from(body), headers: { ...headers, [name]: flip(value, index).toString() } })
    }
  }
  const [version, base64 = ""] = (headers["webhook-signature"] ?? "").split(",")
  const signature = Buffer.from(base64, "base64")
  for (let index = 0; index < signature.length; index++) {
    const broken = Buffer.from(signature)
    broken[index] = Number(broken[index]) ^ 1
    const value = `${version},${broken.toString("base64")}`
    all.push({ body: Buffer.from(body), headers: { ...headers, "webhook-signature": value } })
  }
  return all
}

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("signatures", (it) => {
  it.effect(
    "of v1 are read by the libraries of receivers and by the client's verifier, and by none when mutated",
    () =>
      Effect.gen(function* () {
        const { publicKey, request, secret } = yield* delivered(["v1"])
        assert.isUndefined(publicKey)
        const headers = signedHeaders(request)
        assert.match(headers["webhook-signature"], /^v1,[A-Za-z0-9+/]{43}=$/)
        const { verify } = yield* WebhookVerifier.make({ secrets: secret })
        yield* verify({ headers, body: request.body })
        const key = Redacted.value(secret)
        for (const Library of libraries) {
          assert.doesNotThrow(() => new Library(key).verify(request.body, headers))
        }
        const broken = mutations({ body: request.body, headers })
        assert.isAbove(broken.length, request.body.length + 32)
        for (const one of broken) {
          yield* Effect.flip(verify(one))
          const strings = { ...headers, ...one.headers }
          for (const Library of libraries) {
            assert.throws(() => new Library(key).verify(one.body, strings))
          }
        }
      })
  )

  it.effect("of v1a are read by the client's verifier with the public key, and by nobody when mutated", () =>
    Effect.gen(function* () {
      const { publicKey = "", request, secret } = yield* delivered(["v1a"])
      assert.match(publicKey, /^whpk_/)
      const headers = signedHeaders(request)
      assert.match(headers["webhook-signature"], /^v1a,[A-Za-z0-9+/]{86}==$/)
      const { verify } = yield* WebhookVerifier.make({ secrets: Redacted.make(publicKey) })
      yield* verify({ headers, body: request.body })
      for (const one of mutations({ body: request.body, headers })) yield* Effect.flip(verify(one))
      for (const Library of libraries) {
        assert.throws(() => new Library(Redacted.value(secret)).verify(request.body, headers))
      }
    })
  )

  it.effect("of both are read by whoever knows either, batches too", () =>
    Effect.gen(function* () {
      for (const batching of [undefined, { maxEvents: 3, maxWaitMs: 60_000 }]) {
        const { events, publicKey = "", request, secret } = yield* delivered(["v1", "v1a"], batching)
        const headers = signedHeaders(request)
        assert.match(headers["webhook-signature"], /^v1,\S+ v1a,\S+$/)
        const secrets = [secret, Redacted.make(publicKey)]
        for (const one of secrets) {
          const { verify } = yield* WebhookVerifier.make({ secrets: one })
          const envelope = yield* verify({ headers, body: request.body })
          if (batching === undefined) {
            assert.strictEqual(envelope.id, events[0]?.id)
            assert.deepStrictEqual(envelope.data, { name: "Käse\u2028" })
          } else {
            assert.instanceOf(envelope, WebhookBatch)
            assert.sameMembers(
              envelope.data.map(({ id }) => id),
              events.map(({ id }) => id)
            )
          }
        }
        for (const Library of libraries) {
          const library = new Library(Redacted.value(secret))
          assert.doesNotThrow(() => library.verify(request.body, headers))
          assert.throws(() => library.verify(`${request.body} `, headers))
        }
      }
    })
  )

  it.effect(
    "are made with the old and the new secret while a rotation lasts, and at once with the new one",
    () =>
      Effect.gen(function* () {
        const first = yield* delivered(["v1", "v1a"])
        const { client, id, target } = first
        const rotate = (overlapSeconds: number) =>
          client.webhooks.rotateOutboundWebhookSecret({
            params: { id },
            headers: {},
            payload: { overlapSeconds }
          })
        const next = Effect.fnUntraced(function* () {
          yield* publish(client)
          yield* eventually(deliveriesTo(client, id), (all) =>
            all.every(({ state }) => state === "succeeded")
          )
          const request = target.got.at(-1)
          assert.isDefined(request)
          return { headers: signedHeaders(request), body: request.body }
        })
        const reads = (secret: string | Redacted.Redacted | undefined, request: WebhookRequest) =>
          WebhookVerifier.make({
            secrets: Redacted.isRedacted(secret) ? secret : Redacted.make(secret ?? "")
          }).pipe(
            Effect.flatMap(({ verify }) => verify(request)),
            Effect.match({ onFailure: () => false, onSuccess: () => true })
          )
        const second = yield* rotate(3600)
        const both = yield* next()
        assert.strictEqual(both.headers["webhook-signature"].split(" ").length, 4)
        for (const one of [first.secret, first.publicKey, second.secret, second.publicKey]) {
          assert.isTrue(yield* reads(one, both))
        }
        const third = yield* rotate(0)
        const last = yield* next()
        for (const one of [third.secret, third.publicKey]) assert.isTrue(yield* reads(one, last))
        for (const one of [second.secret, second.publicKey]) assert.isFalse(yield* reads(one, last))
      })
  )
})
