import { DisplayName } from "@do-integrations/domain/Tenant"
import {
  InboundMethod,
  InboundReply,
  type InboundWebhookPatch
} from "@do-integrations/domain/Webhook/Inbound"
import { Dedupe, Locator } from "@do-integrations/domain/Webhook/Inbound/Locator"
import { Network } from "@do-integrations/domain/Webhook/Inbound/Network"
import { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import { Effect, Option, Schema } from "effect"
import { type Command, Flag } from "effect/cli"
import { unusable } from "../Failure.ts"
import { field } from "../Input.ts"
import { needs, ordering, retry } from "./Create.ts"

/** What of an inbound webhook is chosen when it is made, and may be changed after that. */
export const settings = {
  source: field(
    "source",
    Flag.String("source").pipe(
      Flag.withDescription("The sender in your own words; goes into webhook:received"),
      Flag.withSchema(DisplayName)
    )
  ),
  routes: field(
    "routes",
    Flag.String("route").pipe(
      Flag.withDescription(
        'What becomes of messages, as JSON such as {"name":"copy","to":{"type":"url","url":"https://..."}}; give it once for each. To an event or endpoint it needs a key with events:publish'
      ),
      Flag.withSchema(Schema.fromJsonString(Route)),
      Flag.atLeast(1)
    )
  ),
  dedupe: field(
    "dedupe",
    Flag.String("dedupe").pipe(
      Flag.withDescription('How a repetition is told, as JSON such as {"by":"path","path":"event.id"}'),
      Flag.withSchema(Schema.fromJsonString(Dedupe))
    )
  ),
  eventType: field(
    "eventType",
    Flag.String("event-type").pipe(
      Flag.withDescription('Where the event type stands, as JSON such as {"in":"body","path":"type"}'),
      Flag.withSchema(Schema.fromJsonString(Locator))
    )
  ),
  methods: field(
    "methods",
    Flag.Literals("method", InboundMethod.literals).pipe(
      Flag.withDescription("A method that requests may have, POST if left out; give it once for each"),
      Flag.atLeast(1)
    )
  ),
  contentTypes: field(
    "contentTypes",
    Flag.String("content-type").pipe(
      Flag.withDescription("Only requests with this content type, as application/json; once for each"),
      Flag.atLeast(1)
    )
  ),
  allowedNetworks: field(
    "allowedNetworks",
    Flag.String("allow").pipe(
      Flag.withDescription("Only requests from this network, such as 192.0.2.0/24; give it once for each"),
      Flag.withSchema(Network),
      Flag.atLeast(1)
    )
  ),
  rateLimit: field(
    "rateLimit",
    Flag.Int("rate").pipe(
      Flag.withDescription("How many requests a node takes in a second, on average over ten; more are 429")
    )
  ),
  reply: field(
    "reply",
    Flag.String("reply").pipe(
      Flag.withDescription('What a sender is answered, as JSON such as {"status":200,"body":"ok"}'),
      Flag.withSchema(Schema.fromJsonString(InboundReply))
    )
  ),
  retry,
  concurrency: field(
    "concurrency",
    Flag.Int("concurrency").pipe(Flag.withDescription("How many messages are handled at a time"))
  ),
  ordering
}

/** The fields that the flags mean. */
export const fieldsOf = Effect.fnUntraced(function* (given: Command.Command.Config.Infer<typeof settings>) {
  const { key, ordered } = given.ordering
  yield* needs("--ordering-key", "key" in key, "--ordered", Option.isSome(ordered))
  return {
    ...given.source,
    ...given.routes,
    ...given.dedupe,
    ...given.eventType,
    ...given.methods,
    ...given.contentTypes,
    ...given.allowedNetworks,
    ...given.rateLimit,
    ...given.reply,
    ...given.retry,
    ...given.concurrency,
    ...(Option.isSome(ordered) ? { ordering: { ...ordered.value, ...key } } : {})
  }
})

/** What a webhook has where a setting is left out, by the flag that sets it. */
const leftOut: ReadonlyArray<readonly [flag: string, fields: InboundWebhookPatch]> = [
  ["route", { routes: [] }],
  ["dedupe", { dedupe: null }],
  ["event-type", { eventType: null }],
  ["method", { methods: ["POST"] }],
  ["content-type", { contentTypes: null }],
  ["allow", { allowedNetworks: null }],
  ["rate", { rateLimit: null }],
  ["reply", { reply: null }],
  ["retry-delay", { retry: { type: "default" } }],
  ["ordered", { ordering: null }]
]

/** `--clear`, which takes settings away. */
export const clear = Flag.ChoiceWithValue("clear", leftOut).pipe(
  Flag.withDescription("Take away what the flag of this name sets, as if it was never given; once for each"),
  Flag.atLeast(0)
)

/** A change with what is taken away; nothing can be given and taken away at once. */
export const clearing = Effect.fnUntraced(function* (
  change: InboundWebhookPatch,
  cleared: ReadonlyArray<InboundWebhookPatch>
) {
  const taken = cleared.reduce((all, one) => ({ ...all, ...one }), {})
  const both = Object.keys(taken).find((name) => name in change)
  if (both !== undefined) return yield* unusable(`${both}: it cannot be given and cleared at once.`)
  return { ...change, ...taken }
})
