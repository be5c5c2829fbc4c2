import { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { VisibleHeader } from "@do-integrations/domain/Webhook/CustomHeader"
import {
  Batching,
  Ordering,
  OutboundWebhookId,
  SignatureVersion
} from "@do-integrations/domain/Webhook/Outbound"
import { RetryPolicy } from "@do-integrations/domain/Webhook/RetryPolicy"
import { Timestamp } from "@do-integrations/domain/Time"
import { Context, Duration, Effect, Layer, Schema } from "effect"
import { Signature } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"
import { Vault } from "../Vault.ts"
import { keysOf, makeSecrets, SealedColumns, type TimedKey } from "./Secrets.ts"

const Row = Schema.Struct({
  id: OutboundWebhookId,
  tenantId: TenantId,
  customerId: Schema.optionalKey(CustomerId),
  url: Schema.String,
  status: Schema.Literals(["active", "error", "suspended"]),
  signatures: Schema.Array(SignatureVersion),
  headers: Schema.fromJsonString(Schema.Array(VisibleHeader)),
  retry: Schema.fromJsonString(RetryPolicy),
  concurrency: Schema.Int,
  rateLimit: Schema.optionalKey(Schema.Int),
  timeoutSeconds: Schema.Int,
  ordering: Schema.optionalKey(Schema.fromJsonString(Ordering)),
  batching: Schema.optionalKey(Schema.fromJsonString(Batching)),
  disableAfterHours: Schema.Int,
  connectedAt: Timestamp,
  failingSince: Schema.optionalKey(Timestamp),
  warnedAt: Schema.optionalKey(Timestamp),
  holdUntil: Schema.optionalKey(Timestamp),
  revision: Schema.String,
  ...SealedColumns
})

/** An endpoint as its owner sees it: where deliveries go, how they are signed, and within which bounds. */
export interface Endpoint extends Omit<
  typeof Row.Type,
  "url" | "headers" | "timeoutSeconds" | keyof typeof SealedColumns
> {
  readonly url: URL
  readonly keys: ReadonlyArray<TimedKey>
  /** The custom headers as they are sent. */
  readonly headers: Readonly<Record<string, string>>
  /** The secret values among them: nothing that is recorded shows them. */
  readonly secretValues: ReadonlyArray<string>
  /** The custom headers as they are recorded: secret values masked. */
  readonly shownHeaders: Readonly<Record<string, string>>
  readonly timeout: Duration.Duration
}

/** What stands in a record of a request in place of a secret. */
export const mask = "***"

/** Reads endpoints with everything that is needed to deliver to them. */
export class Endpoints extends Context.Service<
  Endpoints,
  {
    /** Undefined: it was removed. */
    load(id: OutboundWebhookId): Effect.Effect<Endpoint | undefined>
  }
>()("@do-integrations/server/DeliveryEngine/Endpoint/Endpoints") {
  static readonly layer = Layer.effect(
    Endpoints,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const secrets = makeSecrets(yield* Vault)
      const signature = yield* Signature.Signature
      const rows = rowsOf(Row)

      const load = Effect.fn("DeliveryEngine.Endpoints.load")(function* (id: OutboundWebhookId) {
        const [row] = yield* sql`
          SELECT id, tenant_id, customer_id, url, status, signatures, headers, retry, concurrency, rate_limit,
            timeout_seconds, ordering, batching, disable_after_hours, connected_at, failing_since, warned_at,
            hold_until, revision::text AS revision, secret, signing_key, previous_secrets, header_secrets
          FROM outbound_webhooks WHERE id = ${id}`.pipe(Effect.flatMap(rows))
        if (row === undefined) return undefined
        const { headerSecrets: _, headers, previousSecrets: __, secret: ___, signingKey: ____, ...rest } = row
        const pairs = yield* secrets.openPairs(row)
        const hidden = yield* secrets.openHeaders(row)
        const value = ({ name, value }: VisibleHeader) => value ?? hidden[name.toLowerCase()] ?? ""
        return {
          ...rest,
          url: new URL(row.url),
          keys: yield* Effect.provideService(keysOf(pairs, row.signatures), Signature.Signature, signature),
          headers: Object.fromEntries(headers.map((header) => [header.name.toLowerCase(), value(header)])),
          shownHeaders: Object.fromEntries(
            headers.map(({ name, value = mask }) => [name.toLowerCase(), value])
          ),
          secretValues: Object.values(hidden),
          timeout: Duration.seconds(row.timeoutSeconds)
        } satisfies Endpoint
      }, Effect.orDie)

      return Endpoints.of({ load })
    })
  )
}
