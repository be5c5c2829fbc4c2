import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { Job } from "@do-integrations/domain/Job"
import { DisplayName } from "@do-integrations/domain/Tenant"
import { CreatedInboundWebhook, InboundReply, InboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Dedupe, Locator } from "@do-integrations/domain/Webhook/Inbound/Locator"
import { Network } from "@do-integrations/domain/Webhook/Inbound/Network"
import { Rejections } from "@do-integrations/domain/Webhook/Inbound/Rejection"
import { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "../Connection.ts"
import { unusable } from "../Failure.ts"
import { customer, field, secret, time } from "../Input.ts"
import { printList, printOne } from "../Output.ts"
import { changeable as shared, needs, ordering, retry } from "./Create.ts"
import { schemeFlags, schemeOf } from "./Scheme.ts"

/** What of an inbound webhook is chosen when it is made, and may be changed after that. */
const changeable = {
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
  allowedNetworks: field(
    "allowedNetworks",
    Flag.String("allow").pipe(
      Flag.withDescription("Only requests from this network, such as 192.0.2.0/24; give it once for each"),
      Flag.withSchema(Network),
      Flag.atLeast(1)
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
  concurrency: shared.concurrency,
  rateLimit: shared.rateLimit
}

const settingsOf = (given: Command.Command.Config.Infer<typeof changeable>) => ({
  ...given.source,
  ...given.routes,
  ...given.dedupe,
  ...given.eventType,
  ...given.allowedNetworks,
  ...given.reply,
  ...given.retry,
  ...given.concurrency,
  ...given.rateLimit
})

const create = Command.make(
  "create-inbound",
  {
    name: Argument.String("name").pipe(Argument.withSchema(DisplayName)),
    scheme: schemeFlags,
    settings: changeable,
    ordering,
    customer
  },
  ({ customer, name, ordering: { key, ordered }, scheme: flags, settings }) =>
    Effect.gen(function* () {
      yield* needs("--ordering-key", "key" in key, "--ordered", Option.isSome(ordered))
      const scheme = yield* schemeOf(flags)
      const secrets = scheme.type === "none" ? [] : [yield* secret("The secret that the sender signs with")]
      const payload = {
        name,
        scheme,
        secrets,
        ...settingsOf(settings),
        ...(Option.isSome(ordered) ? { ordering: { ...ordered.value, ...key } } : {}),
        ...customer
      }
      const { webhooks } = yield* IntegrationsClient
      yield* printOne(CreatedInboundWebhook)(yield* webhooks.createInboundWebhook({ headers: {}, payload }))
    }).pipe(asTenant)
).pipe(Command.withDescription("Open an address that a sender posts to; it is shown only now"))

const webhook = Argument.String("id").pipe(Argument.withSchema(InboundWebhookId))

const update = Command.make(
  "update-inbound",
  {
    id: webhook,
    settings: changeable,
    name: field("name", Flag.String("name").pipe(Flag.withSchema(DisplayName))),
    enabled: Flag.Literals("address", ["open", "closed"]).pipe(
      Flag.withDescription("Whether the address takes messages"),
      Flag.map((address) => ({ enabled: address === "open" })),
      Flag.withDefault({})
    ),
    newSecret: Flag.Boolean("new-secret").pipe(
      Flag.withDescription("Ask for the sender's secret anew, or read it from stdin; the old ones are gone"),
      Flag.withDefault(false)
    )
  },
  ({ enabled, id, name, newSecret, settings }) =>
    Effect.gen(function* () {
      const secrets = newSecret ? { secrets: [yield* secret("The secret that the sender signs with")] } : {}
      const payload = { ...settingsOf(settings), ...name, ...enabled, ...secrets }
      if (Object.keys(payload).length === 0) return yield* unusable("Nothing to change: give a setting.")
      const { webhooks } = yield* IntegrationsClient
      yield* printOne(InboundWebhook)(yield* webhooks.updateInboundWebhook({ params: { id }, payload }))
    }).pipe(asTenant)
).pipe(Command.withDescription("Change an inbound webhook in what is given; the rest stays as it is"))

const replay = Command.make(
  "replay",
  {
    id: webhook,
    since: time("since", "Messages that came from then on"),
    until: field("until", time("until", "And before then; left out: now")),
    states: field(
      "states",
      Flag.Literals("state", ["unrouted", "dead", "cancelled", "handled"]).pipe(
        Flag.withDescription(
          "Only where they stand so on a route, one for each; left out: unrouted and dead"
        ),
        Flag.atLeast(1)
      )
    ),
    eventTypes: field(
      "eventTypes",
      Flag.String("event").pipe(
        Flag.withDescription("Only of this type of the sender's, such as invoice.*; give it once for each"),
        Flag.atLeast(1)
      )
    ),
    routes: field(
      "routes",
      Flag.String("route").pipe(
        Flag.withDescription("Only on the route of this name; give it once for each"),
        Flag.atLeast(1)
      )
    )
  },
  ({ eventTypes, id, routes, since, states, until }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.replayMessages({
        params: { id },
        payload: { since, ...until, ...states, ...eventTypes, ...routes }
      })
    ).pipe(Effect.flatMap(printOne(Job)), asTenant)
).pipe(Command.withDescription("Handle the messages of a time once more, as a job"))

const printRejections = printList(Rejections, ["hour", "reason", "count", "lastAt"])

const rejections = Command.make("rejections", { id: webhook }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.listRejections({ params })).pipe(
    Effect.flatMap((items) => printRejections(items)),
    asTenant
  )
).pipe(Command.withDescription("Show how many requests to the address were refused, by hour and reason"))

/** `doi webhooks`: addresses that take webhooks. */
export const inboundCommands = [create, update, replay, rejections] as const
