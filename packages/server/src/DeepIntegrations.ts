import type { Identity } from "@do-integrations/domain/ApiKey"
import type { ConnectStep, DeepIntegration } from "@do-integrations/domain/DeepIntegration"
import type { DeepIntegrationType } from "@do-integrations/domain/Integration"
import type {
  Conflict,
  IllegalTransition,
  InvalidRequest,
  ProviderNotConfigured,
  Unavailable,
  Unprocessable
} from "@do-integrations/domain/Problem"
import { Context, Effect, Layer, type Schema } from "effect"
import { makeConnect } from "./DeepIntegrations/Connect.ts"
import { decodeSettings } from "./DeepIntegrations/Settings.ts"
import { legal, makeTransitions } from "./DeepIntegrations/Transitions.ts"
import { Vault } from "./Vault.ts"

type Settings = { readonly [field: string]: Schema.Json }
type Moved = IllegalTransition | Conflict
type Connected = Effect.Effect<ConnectStep, ProviderNotConfigured | Unavailable | Moved>
type Changed<E> = Effect.Effect<DeepIntegration, E | Moved>

/** Stripe, WorkOS, GitHub and Cloudflare: one integration of each kind for a tenant, through one lifecycle. */
export class DeepIntegrations extends Context.Service<
  DeepIntegrations,
  {
    list(caller: Identity): Effect.Effect<ReadonlyArray<DeepIntegration>>
    get(caller: Identity, type: DeepIntegrationType): Effect.Effect<DeepIntegration>
    /** Sets what the tenant decides; the first time, the integration becomes `pending_auth`. */
    configure(
      caller: Identity,
      type: DeepIntegrationType,
      settings: Settings
    ): Changed<InvalidRequest | Unprocessable>
    /** The first step of a connection: where the user goes, or done. */
    connect(caller: Identity, type: DeepIntegrationType): Connected
    /** Done when the stored credentials hold; else the user consents again. */
    reconnect(caller: Identity, type: DeepIntegrationType): Connected
    suspend(caller: Identity, type: DeepIntegrationType): Changed<never>
    /** Goes on when the stored credentials hold; else the integration is in `error`. */
    resume(caller: Identity, type: DeepIntegrationType): Changed<ProviderNotConfigured | Unavailable>
    /** Forgets configuration and secrets. */
    disconnect(caller: Identity, type: DeepIntegrationType): Changed<never>
  }
>()("@do-integrations/server/DeepIntegrations") {
  static readonly layer = Layer.effect(
    DeepIntegrations,
    Effect.gen(function* () {
      const { find, findAll, move, save } = yield* makeTransitions
      const asking = yield* makeConnect
      const vault = yield* Vault

      const get = Effect.fn("DeepIntegrations.get")((caller: Identity, type: DeepIntegrationType) =>
        find(caller.tenantId, type)
      )

      const list = Effect.fn("DeepIntegrations.list")((caller: Identity) => findAll(caller.tenantId))

      const configure = Effect.fn("DeepIntegrations.configure")(function* (
        caller: Identity,
        type: DeepIntegrationType,
        settings: Settings
      ) {
        const { fields, webhookSecret } = yield* decodeSettings(type, settings)
        const { status: from } = yield* find(caller.tenantId, type)
        const address = {
          tenantId: caller.tenantId,
          table: "deep_integrations",
          row: type,
          field: "webhookSecret"
        }
        const sealed =
          webhookSecret === undefined ? undefined : yield* Effect.orDie(vault.seal(address, webhookSecret))
        const to = from === "not_configured" ? yield* legal(from, "configure") : from
        return yield* save(caller, type, "configure", { from, to, fields, sealed })
      })

      const suspend = Effect.fn("DeepIntegrations.suspend")(function* (
        caller: Identity,
        type: DeepIntegrationType
      ) {
        return yield* move(caller, type, { from: (yield* get(caller, type)).status, by: "suspend" })
      })

      const disconnect = Effect.fn("DeepIntegrations.disconnect")(function* (
        caller: Identity,
        type: DeepIntegrationType
      ) {
        return yield* move(caller, type, { from: (yield* get(caller, type)).status, by: "disconnect" })
      })

      return DeepIntegrations.of({ list, get, configure, suspend, disconnect, ...asking })
    })
  )
}
