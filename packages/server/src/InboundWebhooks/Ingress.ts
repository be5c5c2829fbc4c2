import { IngressProvider } from "@do-integrations/domain/Api/Ingress"
import { type InvalidSignature, NotFound } from "@do-integrations/domain/Problem"
import type { Receipt } from "@do-integrations/domain/Webhook/Inbound/Message"
import { Cache, Context, Effect, Layer, Schema } from "effect"
import { Digest } from "effect/crypto"
import { Hex } from "effect/encoding"
import { SqlClient } from "effect/sql"
import { providerRoute, ProviderWebhooks } from "../ProviderWebhooks.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { type Rules, rulesOf } from "./Admission.ts"
import { identifier, type Identity } from "./Identify.ts"
import type { Received } from "./Received.ts"
import { type Addressee, makeRecord } from "./Record.ts"
import { makeRouter, type Router } from "./Router.ts"
import type { Reply, Traits, Verifier } from "./Scheme.ts"
import { traitsOf } from "./Schemes.ts"
import { makeSecrets } from "./Secrets.ts"
import { storedColumns, StoredInboundWebhook } from "./Stored.ts"

/** How long a node trusts what it knows of a webhook that another node changed. */
const trustedFor = "2 seconds"

/** Webhooks that a node remembers at a time. */
const remembered = 10_000

const utf8 = new TextEncoder()
const rows = rowsOf(StoredInboundWebhook)
const isProvider = Schema.is(IngressProvider)

/** A webhook that was found by the token in its address, with all that is made of its settings once. */
export interface Found extends Addressee {
  /** What it was found by. */
  readonly key: string
  readonly rules: Rules
  readonly verify: Verifier
  readonly identify: (received: Received) => Identity
  readonly route: Router
  readonly challenge: Traits["challenge"]
  /** What is answered in place of the receipt. */
  readonly reply: Reply | undefined
}

/** The way in: finds the webhook of an address, and takes the messages that it proves. */
export class Ingress extends Context.Service<
  Ingress,
  {
    /** The webhook behind a token. Looked up before a body is read; unknown and disabled ones are the same. */
    find(token: string): Effect.Effect<Found, NotFound>
    /** The platform's own webhook at a vendor. */
    findProvider(provider: IngressProvider): Effect.Effect<Found, NotFound>
    /** Verifies a message and keeps it: answered once it is on disk. */
    accept(webhook: Found, received: Received): Effect.Effect<Reply, InvalidSignature | NotFound>
    /** Forgets what this node knows of a webhook that was changed here. */
    forget(tokenHash: Uint8Array): Effect.Effect<void>
  }
>()("@do-integrations/server/InboundWebhooks/Ingress") {
  static readonly layer = Layer.effect(
    Ingress,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const digest = yield* Digest.Digest
      const providers = yield* ProviderWebhooks
      const record = yield* makeRecord
      const secrets = yield* makeSecrets

      const handledBy = (provider: IngressProvider) =>
        providers.get(provider) === undefined ? [] : [{ route: providerRoute, orderingKey: null }]

      const known = yield* Cache.make({
        capacity: remembered,
        timeToLive: trustedFor,
        // By a hash in hexadecimal, or by a vendor.
        lookup: Effect.fnUntraced(function* (key: string) {
          const [settings] = yield* sql`
            SELECT ${sql.literal(storedColumns)} FROM inbound_webhooks
            WHERE ${isProvider(key) ? sql`provider = ${key}` : sql`token_hash = decode(${key}, 'hex')`}`.pipe(
            Effect.flatMap(rows)
          )
          if (settings?.enabled !== true) return undefined
          const { customerId, id, ordering, provider, reply, routes, source, tenantId } = settings
          const scheme = traitsOf(settings.scheme)
          return {
            id,
            tenantId,
            customerId,
            source,
            key,
            revision: settings.revision,
            proves: settings.scheme.type !== "none",
            secretHeaders: scheme.secretHeaders ?? [],
            verify: yield* secrets.verifier(settings),
            identify: identifier(settings, scheme),
            rules: rulesOf(settings),
            route: provider === undefined ? makeRouter(routes, ordering) : () => handledBy(provider),
            challenge: scheme.challenge,
            reply: reply ?? scheme.reply
          } satisfies Found
        }, Effect.orDie)
      })

      const lookUp = (key: string) =>
        Effect.flatMap(Cache.get(known, key), (found) =>
          found === undefined ? Effect.fail(new NotFound()) : Effect.succeed(found)
        )

      const find = (token: string) =>
        Effect.flatMap(digest.digest(Digest.sha256, utf8.encode(token)), (hash) => lookUp(Hex.encode(hash)))

      const replyOf = (receipt: Receipt): Reply => ({
        status: 200,
        contentType: "application/json",
        body: JSON.stringify(receipt)
      })

      const keep = (webhook: Found, received: Received) => {
        const challenge = webhook.challenge?.(received)
        if (challenge !== undefined) return Effect.succeed(challenge)
        const identity = webhook.identify(received)
        const taken = webhook.route(identity.eventType, () => received.payload)
        return Effect.map(
          record({ webhook, received, identity, taken }),
          (receipt) => webhook.reply ?? replyOf(receipt)
        )
      }

      /**
       * What a node knows of a webhook may be two seconds old. A message is kept only if it was held to the webhook
       * as it is at the commit; else it is looked at anew.
       */
      const accept = (
        webhook: Found,
        received: Received
      ): Effect.Effect<Reply, InvalidSignature | NotFound> =>
        Effect.flatMap(webhook.verify(received), () => keep(webhook, received)).pipe(
          Effect.catchTag("WebhookChanged", () =>
            Cache.invalidate(known, webhook.key).pipe(
              Effect.andThen(lookUp(webhook.key)),
              Effect.flatMap((present) => accept(present, received))
            )
          )
        )

      return Ingress.of({
        find,
        findProvider: lookUp,
        accept,
        forget: (hash) => Cache.invalidate(known, Hex.encode(hash))
      })
    })
  )
}
