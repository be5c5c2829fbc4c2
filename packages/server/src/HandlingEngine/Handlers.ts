import type { IngressProvider } from "@do-integrations/domain/Api/Ingress"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { Cause, DateTime, Duration, Effect, Option, type Schema } from "effect"
import { ProviderWebhooks } from "../ProviderWebhooks.ts"
import { DeadLetter, type HandledMessage, type WebhookHandler, WebhookHandlers } from "../WebhookHandlers.ts"
import { type Action, ActionFailed, impossible } from "./Action.ts"
import type { Handling } from "./Handling.ts"
import type { HandledWebhook } from "./Webhook.ts"

/** How long a vendor's handler may take. */
const providerTimeout = Duration.minutes(1)

const present = <A>(value: A | null): A | undefined => value ?? undefined

const messageOf = (
  webhook: HandledWebhook,
  handling: Handling,
  tenantId: TenantId
): HandledMessage<Schema.Json | undefined> => ({
  id: handling.messageId,
  tenantId,
  customerId: webhook.customerId,
  webhookId: webhook.id,
  source: webhook.source,
  externalId: present(handling.externalId),
  eventType: present(handling.eventType),
  verified: handling.verified,
  headers: handling.headers,
  body: handling.body,
  payload: Option.getOrUndefined(handling.payload),
  receivedAt: DateTime.fromDateUnsafe(handling.receivedAt),
  attempt: handling.attempts + 1
})

const tooLong = (timeout: Duration.Duration) =>
  new ActionFailed({ reason: `The handler took longer than ${Duration.format(timeout)}` })

const withinTime = (timeout: Duration.Duration) =>
  Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(tooLong(timeout)) })

/** A bug of a handler is told to the operator; the tenant's message is tried again. */
const crashed = Effect.fnUntraced(function* (name: string, cause: Cause.Cause<unknown>) {
  yield* Effect.logError("A handler crashed", cause).pipe(Effect.annotateLogs({ handler: name }))
  return yield* new ActionFailed({ reason: "The handler crashed; the log of the service says why" })
})

const attempt = (
  { handle, name, timeout }: WebhookHandler,
  message: HandledMessage<Schema.Json | undefined>
) =>
  Effect.suspend(() => handle(message)).pipe(
    Effect.mapError(
      (error) => new ActionFailed({ reason: error.reason, final: error instanceof DeadLetter })
    ),
    Effect.catchDefect((defect) => crashed(name, Cause.die(defect))),
    withinTime(timeout)
  )

/** Calls the handlers in the service's code, and those of the vendors whose webhooks are the platform's own. */
export const makeHandlers = Effect.gen(function* () {
  const handlers = yield* WebhookHandlers
  const providers = yield* ProviderWebhooks

  const call = (webhook: HandledWebhook, handling: Handling, name: string): Action => {
    const handler = handlers.get(name)
    const { eventType, tenantId } = handling
    if (handler === undefined || tenantId === null) {
      // Another version of the service may have it in a moment.
      return impossible(new ActionFailed({ reason: `The service has no handler ${name}` }))
    }
    if (handler.eventTypes?.includes(eventType ?? "") === false) {
      const reason = `The handler ${name} takes no ${eventType ?? "message without a type"}`
      return impossible(new ActionFailed({ reason, final: true }))
    }
    const run = attempt(handler, messageOf(webhook, handling, tenantId))
    return handler.transactional
      ? { type: "inside", slow: true, prepare: Effect.void, run }
      : { type: "outside", run: Effect.as(run, {}) }
  }

  const callProvider = (provider: IngressProvider, handling: Handling): Action => {
    const handle = providers.get(provider)
    if (handle === undefined) {
      return impossible(new ActionFailed({ reason: `The service has no handler of ${provider}` }))
    }
    const { body, eventType, externalId, headers, messageId, receivedAt } = handling
    const run = Effect.suspend(() =>
      handle({
        id: messageId,
        provider,
        headers,
        body,
        receivedAt: DateTime.fromDateUnsafe(receivedAt),
        ...(externalId === null ? {} : { externalId }),
        ...(eventType === null ? {} : { eventType })
      })
    ).pipe(
      Effect.mapError((error) => new ActionFailed({ reason: error.message })),
      Effect.catchDefect((defect) => crashed(provider, Cause.die(defect))),
      withinTime(providerTimeout)
    )
    return { type: "outside", run: Effect.as(run, {}) }
  }

  return { call, callProvider }
})
