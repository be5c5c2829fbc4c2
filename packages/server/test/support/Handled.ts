import * as Handlers from "../../src/WebhookHandlers.ts"
import * as GitHubHandler from "../../src/WebhookHandlers/GitHub.ts"
import * as StandardHandler from "../../src/WebhookHandlers/Standard.ts"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import type { Handling, MessageDetail, MessageState } from "@do-integrations/domain/Webhook/Inbound/Message"
import type { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import type { NewInboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import { Context, Data, Effect, Layer, Redacted, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { eventually } from "./Eventually.ts"
import type { Client } from "./Outbound.ts"
import { sendRaw } from "./RawHttp.ts"
import { asGitHub, github, secret } from "./Senders.ts"
import { TestService } from "./TestService.ts"

/** What a handler was called with. */
export type Call = Handlers.HandledMessage<unknown> & { readonly handler: string }

/** A failure of the handlers under test. */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/** What the handlers under test were called with, and what they make of it. */
export class Calls extends Context.Service<
  Calls,
  {
    readonly all: Array<Call>
    /** What a handler does with a message; nothing unless it is set. By the handler's name. */
    readonly behaviour: Map<
      string,
      (call: Call) => Effect.Effect<void, Refused | Handlers.DeadLetter, SqlClient.SqlClient>
    >
  }
>()("@do-integrations/server/test/Calls") {
  static readonly layer = Layer.sync(Calls, () => ({ all: [], behaviour: new Map() }))
}

const called = Effect.fnUntraced(function* (handler: string, message: Handlers.HandledMessage<unknown>) {
  const calls = yield* Calls
  const call = { ...message, handler }
  calls.all.push(call)
  yield* calls.behaviour.get(handler)?.(call) ?? Effect.void
})

const plain = (name: string) =>
  Handlers.make({ name, payload: Schema.Unknown, handle: (message) => called(name, message) })

/** The handlers under test. `ledger` and `typed` are transactional. */
const handlers = Layer.unwrap(
  Effect.map(Calls, (calls) =>
    Handlers.WebhookHandlers.layer(
      plain("inbox"),
      plain("other"),
      Handlers.make({
        name: "invoices",
        payload: Schema.Struct({ amount: Schema.Int }),
        handle: (message) => called("invoices", message)
      }),
      Handlers.make({
        name: "ledger",
        payload: Schema.Unknown,
        transactional: true,
        handle: (message) => called("ledger", message)
      }),
      StandardHandler.make({ name: "standard", handle: (message) => called("standard", message) }),
      GitHubHandler.make("issues", { name: "issues", handle: (message) => called("issues", message) })
    ).pipe(Layer.provide(Layer.succeed(Calls, calls)))
  )
)

/** A service with these handlers, and what they were called with. */
export const layer = Layer.unwrap(
  Effect.map(Calls, (calls) =>
    TestService.layerWith({}, undefined, handlers.pipe(Layer.provide(Layer.succeed(Calls, calls))))
  )
).pipe(Layer.provideMerge(Calls.layer))

/** A route of every message to a handler. */
export const to = (handler: string, more: Partial<Route> = {}): Route => ({
  name: handler,
  to: { type: "handler", handler },
  ...more
})

/** An inbound webhook of GitHub's with these routes, and how to post to it. */
export const inbox = Effect.fnUntraced(function* (
  client: Client,
  routes: ReadonlyArray<Route>,
  more: Partial<NewInboundWebhook> = {}
) {
  const service = yield* TestService
  const webhook = yield* client.webhooks.createInboundWebhook({
    headers: {},
    payload: {
      name: "GitHub",
      source: "github",
      scheme: github,
      secrets: [Redacted.make(secret)],
      routes,
      ...more
    }
  })
  const path = new URL(Redacted.value(webhook.url)).pathname
  const postText = (
    text: string,
    event = "push",
    id: string = randomUUID(),
    headers: Readonly<Record<string, string>> = {}
  ) =>
    sendRaw(service.url, {
      method: "POST",
      path,
      body: text,
      headers: { ...asGitHub(text, id, event), ...headers }
    })
  const post = (body: Schema.Json, event?: string, id?: string) => postText(JSON.stringify(body), event, id)
  return { webhook, url: service.url + path, post, postText }
})

/** The messages of a webhook, oldest first. */
export const messagesOf = Effect.fnUntraced(function* (client: Client, webhookId: InboundWebhookId) {
  const { items } = yield* client.webhooks.listMessages({ query: { webhookId, limit: 100 } })
  const details: ReadonlyArray<MessageDetail> = yield* Effect.forEach(items.toReversed(), ({ id }) =>
    client.webhooks.getMessage({ params: { id } })
  )
  return details
})

/** Waits until all messages of a webhook stand as said, this many of them. */
export const allStand = (client: Client, webhookId: InboundWebhookId, state: MessageState, count: number) =>
  eventually(
    messagesOf(client, webhookId),
    (messages) => messages.length === count && messages.every((message) => message.state === state)
  )

/** The handlings of a message by their routes. */
export const handlingOf = (message: MessageDetail | undefined, route: string): Handling | undefined =>
  message?.handlings.find((one) => one.route === route)

/** Lets the time until the next attempt pass, for all that waits for one. */
export const fastForward = Effect.fnUntraced(function* (webhookId: InboundWebhookId) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    UPDATE unhandled SET due_at = now()
    WHERE webhook_id = ${webhookId} AND due_at IS NOT NULL AND due_at <> 'infinity'`
})
