import { InvalidSignature } from "@do-integrations/domain/Problem"
import { Receipt } from "@do-integrations/domain/Webhook/Inbound/Message"
import { Effect, Redacted, Schema } from "effect"
import * as GitHub from "./GitHub.ts"
import type { Receiver } from "./Receiver.ts"
import { check, heading, Surprise, table } from "./Report.ts"
import { githubSecret, type Scene } from "./SetUp.ts"

const isReceipt = Schema.is(Receipt)

const Problem = Schema.Struct({ type: InvalidSignature.fields.type, detail: Schema.String })
const isProblem = Schema.is(Problem)

const messagesOf = ({ client }: Scene) =>
  Effect.map(client.webhooks.listMessages({ query: { limit: 100 } }), ({ items }) => items)

/** GitHub posts its webhooks: each is verified and stored before it is answered. */
export const receive = Effect.fnUntraced(function* (scene: Scene) {
  const { events, inbound } = scene
  yield* heading(`GitHub posts ${events.length} webhooks, signed with its secret`)
  const sent = yield* Effect.forEach(events, (event) =>
    Effect.map(GitHub.send(inbound.url, event, githubSecret), ({ answer, status }) => ({
      ...event,
      answer,
      status
    }))
  )
  yield* table(sent.map(({ body, name, status }) => [String(status), name, `${body.length} characters`]))
  const taken = sent.filter(({ answer, status }) => status === 200 && isReceipt(answer) && !answer.duplicate)
  yield* check(
    "each was answered 200",
    taken.length === events.length,
    sent.map(({ answer, name, status }) => ({ name, status, answer }))
  )
  const messages = yield* messagesOf(scene)
  const whole = yield* Effect.forEach(messages, ({ id }) =>
    scene.client.webhooks.getMessage({ params: { id } })
  )
  const bodies = new Set(whole.map(({ body }) => Buffer.from(body).toString()))
  yield* check(
    `${messages.length} messages are stored, verified, byte for byte as they were sent`,
    messages.length === events.length &&
      messages.every(({ verified }) => verified) &&
      events.every(({ body }) => bodies.has(body)),
    messages.map(({ eventType, verified }) => ({ eventType, verified }))
  )
})

/** The receiver takes an event for the integration and one for each webhook. */
export const deliver = Effect.fnUntraced(function* (scene: Scene, receiver: Receiver["Service"]) {
  const { events, inbound } = scene
  yield* heading("The receiver verifies each delivery with the standardwebhooks package")
  const deliveries = yield* Effect.replicateEffect(receiver.next, events.length + 1).pipe(
    Effect.timeoutOrElse({
      duration: "15 seconds",
      orElse: () => new Surprise({ claim: "every event is delivered", found: "some are not after 15 s" })
    })
  )
  yield* table(deliveries.map(({ id, payload: { timestamp, type } }) => [type, id, timestamp, "verified"]))
  yield* check(
    `${deliveries.length} deliveries verified, each with an id of its own`,
    new Set(deliveries.map(({ id }) => id)).size === deliveries.length,
    deliveries
  )
  const received = deliveries.filter(({ payload: { type } }) => type === "webhook:received")
  yield* check(
    `${received.length} of them tell of a webhook from GitHub`,
    received.length === events.length &&
      received.every(
        ({ payload: { data } }) =>
          JSON.stringify(data) === JSON.stringify({ webhookId: inbound.id, source: "github" })
      ),
    received
  )
})

/** A webhook that somebody else signed changes nothing. */
export const refuse = Effect.fnUntraced(function* (scene: Scene) {
  yield* heading("Somebody else posts a webhook, signed with another secret")
  const [event] = scene.events
  if (event === undefined) return yield* new Surprise({ claim: "there are webhooks", found: "none" })
  const before = yield* messagesOf(scene)
  const { answer, status } = yield* GitHub.send(scene.inbound.url, event, Redacted.make("another secret"))
  const after = yield* messagesOf(scene)
  if (!isProblem(answer))
    return yield* new Surprise({ claim: "the answer is a problem", found: String(answer) })
  yield* table([[String(status), answer.type, answer.detail]])
  yield* check("it was answered 401", status === 401, status)
  yield* check(
    `nothing was stored: ${before.length} messages before, ${after.length} after`,
    before.length === after.length,
    after.length
  )
})
