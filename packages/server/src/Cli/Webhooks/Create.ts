import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { WebUrl } from "@do-integrations/domain/Http"
import { CustomHeaderName } from "@do-integrations/domain/Webhook/CustomHeader"
import { DataPath } from "@do-integrations/domain/Webhook/DataPath"
import { Filter } from "@do-integrations/domain/Webhook/Filter"
import {
  CreatedOutboundWebhook,
  EventPattern,
  SignatureVersion
} from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Option, Redacted, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "../Connection.ts"
import { unusable } from "../Failure.ts"
import { customer, field, secret } from "../Input.ts"
import { printOne } from "../Output.ts"

/** What of an outbound webhook is chosen when it is made, and may be changed after that. */
export const changeable = {
  description: field(
    "description",
    Flag.String("description").pipe(Flag.withDescription("What it is for, in your own words"))
  ),
  concurrency: field(
    "concurrency",
    Flag.Int("concurrency").pipe(Flag.withDescription("How many requests may be under way at a time"))
  ),
  rateLimit: field(
    "rateLimit",
    Flag.Int("rate").pipe(Flag.withDescription("How many requests may begin in a second"))
  )
}

/** The events that an outbound webhook takes. */
export const events = Flag.String("event").pipe(
  Flag.withDescription("An event type, a prefix such as invoice.*, or *; give it once for each"),
  Flag.withSchema(EventPattern),
  Flag.atLeast(1)
)

/** When what failed is tried again. */
export const retry = field(
  "retry",
  Flag.Int("retry-delay").pipe(
    Flag.withDescription(
      "Seconds before the next attempt; give it once for each retry, of all 75.6 hours if left out"
    ),
    Flag.atLeast(1),
    Flag.map((delaysSeconds) => ({ type: "list" as const, delaysSeconds }))
  )
)

const settings = {
  ...changeable,
  channels: field(
    "channels",
    Flag.String("channel").pipe(
      Flag.withDescription("Only events of this channel; give it once for each"),
      Flag.atLeast(1)
    )
  ),
  filter: field(
    "filter",
    Flag.String("filter").pipe(
      Flag.withDescription('Only events whose data fit, as JSON such as {"amount":{"$gt":100}}'),
      Flag.withSchema(Schema.fromJsonString(Filter))
    )
  ),
  signatures: field(
    "signatures",
    Flag.Literals("signature", SignatureVersion.literals).pipe(
      Flag.withDescription("v1 (HMAC) or v1a (ed25519); give both to sign with both"),
      Flag.atLeast(1)
    )
  ),
  retry,
  timeoutSeconds: field(
    "timeoutSeconds",
    Flag.Int("timeout").pipe(Flag.withDescription("Seconds that an attempt may take"))
  )
}

/** The order that is kept. */
export const ordering = {
  ordered: Flag.Literals("ordered", ["block", "skip"]).pipe(
    Flag.withDescription("Keep the order; when retries run out, block what follows or skip what failed"),
    Flag.map((whenExhausted) => ({ whenExhausted })),
    Flag.optional
  ),
  key: field(
    "key",
    Flag.String("ordering-key").pipe(
      Flag.withDescription(
        "ordered: where in the data or the body the key stands; left out: one order for all"
      ),
      Flag.withSchema(DataPath)
    )
  )
}

const batching = {
  batch: Flag.Int("batch").pipe(
    Flag.withDescription("The most events of one request"),
    Flag.map((maxEvents) => ({ maxEvents })),
    Flag.optional
  ),
  wait: Flag.Int("batch-wait").pipe(
    Flag.withDescription("batch: milliseconds that an event waits for others; left out: 0"),
    Flag.optional
  )
}

const headers = {
  plain: Flag.KeyValuePair("header").pipe(
    Flag.withDescription("A header of its own, as Name=value; give it once for each"),
    Flag.withDefault({})
  ),
  hidden: Flag.String("secret-header").pipe(
    Flag.withDescription("The name of a header whose value is secret: it is asked for, or read from stdin"),
    Flag.withSchema(CustomHeaderName),
    Flag.optional
  )
}

/** A setting that another one has to stand beside, and would mean nothing without it. */
export const needs = (flag: string, given: boolean, other: string, present: boolean) =>
  given && !present ? Effect.fail(unusable(`${flag} needs ${other} beside it.`)) : Effect.void

/** `doi webhooks create-outbound`. */
export const createOutbound = Command.make(
  "create-outbound",
  {
    url: Argument.String("url").pipe(Argument.withSchema(WebUrl)),
    eventTypes: events,
    settings,
    ordering,
    batching,
    headers,
    customer
  },
  ({ batching: { batch, wait }, customer, eventTypes, headers, ordering: { key, ordered }, settings, url }) =>
    Effect.gen(function* () {
      yield* needs("--ordering-key", "key" in key, "--ordered", Option.isSome(ordered))
      yield* needs("--batch-wait", Option.isSome(wait), "--batch", Option.isSome(batch))
      const { webhooks } = yield* IntegrationsClient
      const own = Object.entries(headers.plain).map(([name, value]) => ({
        name,
        value: Redacted.make(value)
      }))
      const hidden = yield* Effect.forEach(Option.toArray(headers.hidden), (name) =>
        Effect.map(secret(`The value of ${name}`), (value) => ({ name, value, secret: true }))
      )
      const all = [...own, ...hidden]
      const payload = {
        url,
        eventTypes,
        ...settings.channels,
        ...settings.filter,
        ...settings.signatures,
        ...settings.retry,
        ...settings.description,
        ...settings.concurrency,
        ...settings.rateLimit,
        ...settings.timeoutSeconds,
        ...(Option.isSome(ordered) ? { ordering: { ...ordered.value, ...key } } : {}),
        ...(Option.isSome(batch)
          ? { batching: { ...batch.value, maxWaitMs: Option.getOrElse(wait, () => 0) } }
          : {}),
        ...(all.length === 0 ? {} : { headers: all }),
        ...customer
      }
      yield* printOne(CreatedOutboundWebhook)(yield* webhooks.createOutboundWebhook({ payload }))
    }).pipe(asTenant)
).pipe(Command.withDescription("Deliver events to an address; its signing secret is shown"))
