import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import type { MessageId } from "@do-integrations/domain/Webhook/Inbound/Message"
import type { InboundSchemeType } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { faultsOf } from "./Http/Faults.ts"
import { Context, type DateTime, Duration, Effect, Layer, Schema } from "effect"

/** A message on its way to a handler. */
export interface HandledMessage<Payload> {
  /** The same at every attempt, and when it is replayed: what a handler tells repetitions by. */
  readonly id: MessageId
  readonly tenantId: TenantId
  readonly customerId: CustomerId | undefined
  readonly webhookId: InboundWebhookId
  /** The sender in the tenant's words. */
  readonly source: string | undefined
  /** The sender's own id of the message. */
  readonly externalId: string | undefined
  /** The sender's name for what happened. */
  readonly eventType: string | undefined
  /** False under scheme `none`: anybody may have sent it. */
  readonly verified: boolean
  /** By name in lower case, without those that may hold credentials. */
  readonly headers: Readonly<Record<string, string>>
  /** The bytes as they came. */
  readonly body: Uint8Array
  /** What is in the body, as the handler asks for it. */
  readonly payload: Payload
  readonly receivedAt: DateTime.Utc
  /** Which attempt this is, from 1. */
  readonly attempt: number
}

/** A handler fails with it where no further attempt could help: the message is dead at once, for this reason. */
export class DeadLetter extends Schema.TaggedError<DeadLetter>()("DeadLetter", {
  /** Why; it is shown to the tenant, and must hold no secret. */
  reason: Schema.String
}) {
  override get message() {
    return this.reason
  }
}

/** How a handler is made, whatever it gets. */
export interface Settings<Payload, E, R> {
  /** What routes call it by. */
  readonly name: string
  /**
   * Called at least once for each message, with a stable message id: a crash in the middle calls again. With
   * `transactional`, it runs in the transaction that settles the message: if its only effects are SQL, it is exactly
   * once. Nothing in it may then call out of the process.
   */
  readonly handle: (message: HandledMessage<Payload>) => Effect.Effect<void, E, R>
  readonly transactional?: boolean
  /** How long an attempt may take; a minute unless it is given. */
  readonly timeout?: Duration.Duration
}

/** How a handler is made that knows what it gets. */
export interface Options<S extends Schema.ConstraintDecoder<unknown, unknown>, E, R> extends Settings<
  S["Type"],
  E,
  R
> {
  /** Set: only webhooks with this scheme may route to it. */
  readonly source?: InboundSchemeType
  /** Set: only these of the sender's event types. */
  readonly eventTypes?: ReadonlyArray<string>
  /** What the body has to be, JSON or a form's fields; what does not fit is dead at once. Neither is `undefined`. */
  readonly payload: S
}

/** A handler in the service's code. */
export interface WebhookHandler<out R = never> {
  readonly name: string
  readonly source: InboundSchemeType | undefined
  readonly eventTypes: ReadonlyArray<string> | undefined
  readonly transactional: boolean
  readonly timeout: Duration.Duration
  /** Fails with the words for what went wrong; `DeadLetter` where no further attempt could help. */
  readonly handle: (
    message: HandledMessage<Schema.Json | undefined>
  ) => Effect.Effect<void, DeadLetter | HandlerFailed, R>
}

/** A handler has failed; the message is tried again as its webhook's `retry` has it. */
export class HandlerFailed extends Schema.TaggedError<HandlerFailed>()("HandlerFailed", {
  /** The handler's error, in words. */
  reason: Schema.String
}) {
  override get message() {
    return this.reason
  }
}

const wordsFor = (error: unknown): string => {
  if (error instanceof Error) return `${error.name}: ${error.message}`
  return typeof error === "string" ? error : "Failed"
}

const failureOf = (error: unknown): DeadLetter | HandlerFailed =>
  error instanceof DeadLetter ? error : new HandlerFailed({ reason: wordsFor(error) })

type Read<Payload, R> = (
  message: HandledMessage<Schema.Json | undefined>
) => Effect.Effect<Payload, DeadLetter, R>

/** Makes a handler that reads its payload itself. */
export const makeWith = <Payload, E, R, R2>(
  { handle, name, timeout = Duration.minutes(1), transactional = false }: Settings<Payload, E, R>,
  { eventTypes, source }: Pick<WebhookHandler, "eventTypes" | "source">,
  read: Read<Payload, R2>
): WebhookHandler<R | R2> => ({
  name,
  source,
  eventTypes,
  transactional,
  timeout,
  handle: (message) =>
    Effect.flatMap(read(message), (payload) => Effect.mapError(handle({ ...message, payload }), failureOf))
})

/** Makes a handler of whatever fits a schema. */
export const make = <S extends Schema.ConstraintDecoder<unknown, unknown>, E, R>(
  options: Options<S, E, R>
): WebhookHandler<R | S["DecodingServices"]> => {
  const { eventTypes, payload, source } = options
  const decode = Schema.decodeUnknownEffect(payload)
  return makeWith(options, { eventTypes, source }, (message) =>
    Effect.mapError(decode(message.payload), (error) => {
      const faults = faultsOf("payload", error).map(({ message, path }) => `${path.join(".")}: ${message}`)
      return new DeadLetter({ reason: `The body does not fit: ${faults.join("; ")}` })
    })
  )
}

/** The handlers that routes of inbound webhooks may name. */
export class WebhookHandlers extends Context.Service<
  WebhookHandlers,
  {
    /** Undefined: this service has none of that name. */
    get(name: string): WebhookHandler | undefined
  }
>()("@do-integrations/server/WebhookHandlers") {
  /** These handlers, with the services that they need. Of two with one name the later one counts. */
  static readonly layer = <R = never>(...handlers: ReadonlyArray<WebhookHandler<R>>) =>
    Layer.effect(
      WebhookHandlers,
      Effect.map(Effect.context<R>(), (context) => {
        const provided = handlers.map((handler): WebhookHandler => ({
          ...handler,
          handle: (message) => Effect.provideContext(handler.handle(message), context)
        }))
        const byName = new Map(provided.map((handler) => [handler.name, handler]))
        return WebhookHandlers.of({ get: (name) => byName.get(name) })
      })
    )
}
