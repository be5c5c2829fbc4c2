import type { Identity } from "@do-integrations/domain/ApiKey"
import { CreatedInboundWebhook, type NewInboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import { Effect, Record, Redacted } from "effect"
import { Digest, SecureRandom } from "effect/crypto"
import { Base64Url } from "effect/encoding"
import { SqlClient } from "effect/sql"
import { AuditLog } from "../AuditLog.ts"
import { AppConfig } from "../Config.ts"
import { customerFor } from "../Customers.ts"
import { newInboundWebhookId } from "../Ids.ts"
import { makeLimits as makeRetryLimits } from "../OutboundWebhooks/Limits.ts"
import type { Columns } from "../Sql/Patch.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { columnsOf } from "./Columns.ts"
import { makeForwardKeys } from "./Forwarding.ts"
import { makeLimits } from "./Limits.ts"
import { checkPlaces } from "./Places.ts"
import { makeSecrets } from "./Secrets.ts"
import { makeStore } from "./Store.ts"
import { forwards, makeTargets } from "./Targets.ts"

const utf8 = new TextEncoder()

/** Random bytes of the token in an address. */
const tokenBytes = 32

/** Makes inbound webhooks. What is left out is as the columns' defaults say. */
export const makeCreate = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const checkCount = yield* makeLimits
  const digest = yield* Digest.Digest
  const forwardKeys = yield* makeForwardKeys
  const { publicUrl } = yield* AppConfig
  const random = yield* SecureRandom.SecureRandom
  const { checkRetry } = yield* makeRetryLimits
  const secrets = yield* makeSecrets
  const store = yield* makeStore
  const targets = yield* makeTargets
  const unit = yield* UnitOfWork

  return Effect.fn("InboundWebhooks.create")(function* (caller: Identity, webhook: NewInboundWebhook) {
    const { customerId: named, scheme, secrets: signing, ...settings } = webhook
    const { name, retry, routes } = settings
    const { keyId, tenantId } = caller
    const customerId = yield* customerFor(caller, named)
    yield* checkPlaces(scheme, settings)
    const id = yield* newInboundWebhookId
    const sealed = yield* secrets.seal(tenantId, id, scheme, signing)
    yield* targets.check(caller, { scheme, customerId }, routes)
    const token = Base64Url.encode(yield* random.randomBytes(tokenBytes))
    const columns: Columns = {
      id,
      tenant_id: tenantId,
      customer_id: customerId,
      token_hash: yield* digest.digest(Digest.sha256, utf8.encode(token)),
      scheme: JSON.stringify(scheme),
      secrets: sealed,
      forward_secrets: forwards(routes) ? yield* forwardKeys.mint(tenantId, id) : undefined,
      ...columnsOf(settings)
    }
    const insert = Effect.gen(function* () {
      yield* checkCount(tenantId)
      yield* checkRetry(tenantId, retry)
      const [created] = yield* sql`
        INSERT INTO inbound_webhooks ${sql.insert(Record.filter(columns, (value) => value !== undefined))}
        RETURNING ${store.columns}`.pipe(Effect.flatMap(store.rows), Effect.orDie)
      const details = { name, scheme: scheme.type }
      yield* audit.record({ tenantId, actor: keyId, action: "inbound_webhook.created", target: id, details })
      return created ?? (yield* Effect.die(new Error("An insert without a row")))
    })
    const url = Redacted.make(`${publicUrl}/in/${token}`)
    return new CreatedInboundWebhook({ ...(yield* unit.commit(insert)), url })
  })
})
