import { type InvalidSignature, NotFound } from "@do-integrations/domain/Problem"
import { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { InboundScheme, InboundWebhookId, type Receipt } from "@do-integrations/domain/Webhook/Inbound"
import { Cache, Context, Effect, Layer, Schema } from "effect"
import { Digest } from "effect/crypto"
import { Hex } from "effect/encoding"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"
import { type Addressee, makeRecord } from "./Record.ts"
import type { Received, Verifier } from "./Scheme.ts"
import { makeSecrets } from "./Secrets.ts"

/** How long a node trusts what it knows of a webhook that another node changed. */
const trustedFor = "2 seconds"

/** Webhooks that a node remembers at a time. */
const remembered = 10_000

const utf8 = new TextEncoder()

const Row = Schema.Struct({
  id: InboundWebhookId,
  tenantId: TenantId,
  customerId: Schema.optionalKey(CustomerId),
  source: Schema.optionalKey(Schema.String),
  scheme: InboundScheme,
  secrets: Schema.Uint8Array,
  enabled: Schema.Boolean
})

/** A webhook that was found by the token in its address. */
export interface Found extends Addressee {
  readonly verify: Verifier
}

/** The way in: finds the webhook of an address, and takes the messages that it proves. */
export class Ingress extends Context.Service<
  Ingress,
  {
    /** The webhook behind a token. Looked up before a body is read; unknown and disabled ones are the same. */
    find(token: string): Effect.Effect<Found, NotFound>
    /** Verifies a message and keeps it: answered once it is on disk. */
    accept(
      webhook: Found,
      received: Received
    ): Effect.Effect<typeof Receipt.Type, InvalidSignature | NotFound>
    /** Forgets what this node knows of a webhook that was changed here. */
    forget(tokenHash: Uint8Array): Effect.Effect<void>
  }
>()("@do-integrations/server/InboundWebhooks/Ingress") {
  static readonly layer = Layer.effect(
    Ingress,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const digest = yield* Digest.Digest
      const record = yield* makeRecord
      const secrets = yield* makeSecrets
      const rows = rowsOf(Row)

      const known = yield* Cache.make({
        capacity: remembered,
        timeToLive: trustedFor,
        lookup: Effect.fnUntraced(function* (hash: string) {
          const [row] = yield* sql`
            SELECT id, tenant_id, customer_id, source, scheme::json AS scheme, secrets, enabled FROM inbound_webhooks
            WHERE token_hash = decode(${hash}, 'hex')`.pipe(Effect.flatMap(rows))
          if (row === undefined || !row.enabled) return undefined
          const { enabled: _, scheme, secrets: sealed, ...webhook } = row
          const verify = yield* secrets.verifier(row.tenantId, row.id, scheme, sealed)
          return { ...webhook, verify } satisfies Found
        }, Effect.orDie)
      })

      const find = Effect.fn("Ingress.find")(function* (token: string) {
        const hash = yield* digest.digest(Digest.sha256, utf8.encode(token))
        return (yield* Cache.get(known, Hex.encode(hash))) ?? (yield* new NotFound())
      })

      const accept = Effect.fn("Ingress.accept")(function* (webhook: Found, received: Received) {
        const verified = yield* webhook.verify(received)
        return yield* record({ webhook, ...received, ...verified })
      })

      return Ingress.of({ find, accept, forget: (hash) => Cache.invalidate(known, Hex.encode(hash)) })
    })
  )
}
