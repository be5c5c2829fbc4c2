import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { Providers } from "@do-integrations/providers/Provider"
import { Effect, Layer } from "effect"
import * as Admin from "./Admin.ts"
import { ApiKeys } from "./ApiKeys.ts"
import { AuditLog } from "./AuditLog.ts"
import * as Cluster from "./Cluster.ts"
import { AppConfig } from "./Config.ts"
import { DeepIntegrations } from "./DeepIntegrations.ts"
import * as DeliveryEngine from "./DeliveryEngine.ts"
import { Egress } from "./Egress.ts"
import { EventLog } from "./EventLog.ts"
import * as HandlingEngine from "./HandlingEngine.ts"
import * as Hmac from "./Hmac.ts"
import * as Http from "./Http.ts"
import { IdempotencyKeys } from "./IdempotencyKeys.ts"
import { InboundWebhooks } from "./InboundWebhooks.ts"
import { Ingress } from "./InboundWebhooks/Ingress.ts"
import { Rejections } from "./InboundWebhooks/Rejections.ts"
import { Integrations } from "./Integrations.ts"
import { Jobs } from "./Jobs.ts"
import * as JobRegistry from "./Jobs/Registry.ts"
import * as JobWorker from "./Jobs/Worker.ts"
import { ProviderWebhooks } from "./ProviderWebhooks.ts"
import * as StartupKeys from "./StartupKeys.ts"
import { OutboundWebhooks } from "./OutboundWebhooks.ts"
import * as Retention from "./Retention.ts"
import { whenSole } from "./SoleWorker.ts"
import * as Sql from "./Sql.ts"
import { migrate } from "./Sql/Migrations.ts"
import { Tenants } from "./Tenants.ts"
import { UnitOfWork } from "./UnitOfWork.ts"
import { Vault } from "./Vault.ts"
import { WebhookHandlers } from "./WebhookHandlers.ts"
import { Webhooks } from "./Webhooks.ts"

// Node's own hashes answer at once; Web Crypto's cost a turn of the event loop each.
const crypto = Layer.mergeAll(
  NodeCrypto.layerAead,
  NodeCrypto.layerDigest,
  Hmac.layer,
  NodeCrypto.layerSignature,
  NodeCrypto.layerSecureRandom
)

const database = Layer.unwrap(Effect.map(AppConfig, (config) => Sql.layer(config.database)))

/** The migrated database and the vault over it, proved to open with the keys at hand. */
const storage = Layer.effectDiscard(Vault.use((vault) => vault.checkStart)).pipe(
  Layer.provideMerge(Vault.layer),
  Layer.provideMerge(Layer.effectDiscard(migrate)),
  // The keys first: a database without its keys is not to be touched.
  Layer.provideMerge(
    Layer.flatMap(StartupKeys.layer, (keys) => Layer.merge(Layer.succeedContext(keys), database))
  )
)

const egress = Layer.unwrap(Effect.map(AppConfig, ({ egressAllow }) => Egress.layer({ allow: egressAllow })))

const cluster = Layer.unwrap(Effect.map(AppConfig, (config) => Cluster.layer(config.cluster)))

/** What everything else writes through. */
const foundation = EventLog.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(DeliveryEngine.intake, HandlingEngine.intake, Jobs.layer)),
  Layer.provideMerge(IdempotencyKeys.layer),
  Layer.provideMerge(Tenants.layer),
  Layer.provideMerge(ApiKeys.layer),
  Layer.provideMerge(AuditLog.layer),
  Layer.provideMerge(UnitOfWork.layer)
)

const features = Webhooks.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(InboundWebhooks.layer, OutboundWebhooks.layer)),
  Layer.provideMerge(Layer.mergeAll(Integrations.layer, DeepIntegrations.layer, Ingress.layer)),
  Layer.provideMerge(Rejections.layer)
)

const jobs = JobWorker.layer.pipe(Layer.provide(JobRegistry.layer))

/** The owners of endpoints, the jobs and the chores, on this node's part of the cluster. */
const work = whenSole(
  Layer.mergeAll(DeliveryEngine.work, HandlingEngine.work, jobs, Retention.layer).pipe(Layer.provide(cluster))
)

/** What handlers in code may use, beside what they bring along. */
const offered = foundation.pipe(Layer.provideMerge(Layer.merge(storage, egress)), Layer.provideMerge(crypto))

/** Handlers in code that routes of inbound webhooks may name. They may use everything that the service writes through. */
export type Handlers<E = never> = Layer.Layer<WebhookHandlers, E, Layer.Success<typeof offered>>

const noHandlers: Handlers = WebhookHandlers.layer()

/** All that the routes need: the services over the database, and the work that goes on beside them. */
const servicesWith = <E>(handlers: Handlers<E>) =>
  Layer.merge(features, work).pipe(Layer.provideMerge(handlers), Layer.provideMerge(offered))

const answers = Layer.merge(Http.layer, Admin.layer)

/** Everything but the vendors' adapters and the server that it answers on. What is beneath stays in reach. */
export const layerNoDeps = <E = never>(handlers: Handlers<E> = noHandlers) =>
  answers.pipe(Layer.provideMerge(servicesWith(handlers)))

/** Says where the service answers, once it does. */
const greeting = Layer.effectDiscard(
  Effect.gen(function* () {
    const { publicUrl } = yield* AppConfig
    yield* Effect.log(`Listening on ${publicUrl}; the API is shown at ${publicUrl}/docs`)
  })
)

/** The whole service: it listens once everything beneath it stands, and stops listening first. */
export const layer = <E = never>(handlers: Handlers<E> = noHandlers) =>
  greeting.pipe(
    Layer.provide(answers),
    Layer.provide(Http.server),
    Layer.provide(servicesWith(handlers)),
    Layer.provide([Providers.layer({}), ProviderWebhooks.layer({})])
  )

/** Only the migrations, for those who run them apart from the start. */
export const migrations = Layer.effectDiscard(migrate).pipe(Layer.provide(database))
