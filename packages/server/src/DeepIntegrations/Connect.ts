import type { Identity } from "@do-integrations/domain/ApiKey"
import type { ConnectStep } from "@do-integrations/domain/DeepIntegration"
import type { DeepIntegrationType } from "@do-integrations/domain/Integration"
import type { Status } from "@do-integrations/domain/Lifecycle"
import { IllegalTransition, Unavailable } from "@do-integrations/domain/Problem"
import { type Provider, Providers } from "@do-integrations/providers/Provider"
import type { VendorError } from "@do-integrations/providers/VendorError"
import { Effect } from "effect"
import { legal, makeTransitions } from "./Transitions.ts"

/** Categories that mean that the credentials do not hold; the others say nothing about them. */
const refusals: ReadonlySet<VendorError["reason"]["_tag"]> = new Set([
  "Unauthorized",
  "Forbidden",
  "NotFound",
  "Invalid"
])

const done: ConnectStep = { next: "done" }

const unavailable = (error: VendorError) => new Unavailable({ detail: `${error.message}; try again later` })

/** What the vendor says of the stored credentials: what it proves, or why they do not hold. */
const verify = (provider: Provider, caller: Identity) =>
  provider.verify(caller.tenantId).pipe(
    Effect.map((observed) => ({ holds: true, observed }) as const),
    Effect.catch((error) =>
      refusals.has(error.reason._tag)
        ? Effect.succeed({ holds: false, error: error.message } as const)
        : Effect.fail(unavailable(error))
    )
  )

/** The steps that ask the vendor. Nothing is asked inside a transaction. */
export const makeConnect = Effect.gen(function* () {
  const providers = yield* Providers
  const { find, move } = yield* makeTransitions

  const statusOf = (caller: Identity, type: DeepIntegrationType) =>
    Effect.map(find(caller.tenantId, type), (integration) => integration.status)

  const connect = Effect.fn("DeepIntegrations.connect")(function* (
    caller: Identity,
    type: DeepIntegrationType
  ) {
    const status = yield* statusOf(caller, type)
    // Consent that was begun may be begun anew.
    if (status !== "pending_auth") yield* legal(status, "connect")
    const provider = yield* providers.get(type)
    const step = yield* Effect.mapError(provider.connect(caller.tenantId), unavailable)
    if (status !== "pending_auth") yield* move(caller, type, { from: status, by: "connect" })
    if (step.next === "done") yield* move(caller, type, { from: "pending_auth", by: "authorized" })
    return step
  })

  const consent = Effect.fnUntraced(function* (
    caller: Identity,
    type: DeepIntegrationType,
    from: Status,
    provider: Provider
  ) {
    const step = yield* Effect.mapError(provider.connect(caller.tenantId), unavailable)
    yield* move(caller, type, { from, by: "reconnect-consent" })
    if (step.next === "done") yield* move(caller, type, { from: "pending_auth", by: "authorized" })
    return step
  })

  const reconnect = Effect.fn("DeepIntegrations.reconnect")(function* (
    caller: Identity,
    type: DeepIntegrationType
  ) {
    const from = yield* statusOf(caller, type)
    if (from !== "error" && from !== "suspended")
      return yield* new IllegalTransition({ from, by: "reconnect" })
    const provider = yield* providers.get(type)
    const verdict = yield* verify(provider, caller)
    if (!verdict.holds) return yield* consent(caller, type, from, provider)
    yield* move(caller, type, { from, by: "reconnect-verified", fields: verdict.observed })
    return done
  })

  const resume = Effect.fn("DeepIntegrations.resume")(function* (
    caller: Identity,
    type: DeepIntegrationType
  ) {
    const from = yield* statusOf(caller, type)
    yield* legal(from, "resume-verified")
    const verdict = yield* verify(yield* providers.get(type), caller)
    return yield* verdict.holds
      ? move(caller, type, { from, by: "resume-verified", fields: verdict.observed })
      : move(caller, type, { from, by: "resume-failed", error: verdict.error })
  })

  return { connect, reconnect, resume }
})
