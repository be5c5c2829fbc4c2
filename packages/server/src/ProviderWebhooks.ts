import type { DeepIntegrationType } from "@do-integrations/domain/Integration"
import type { MessageId } from "@do-integrations/domain/Webhook/Inbound/Message"
import { Context, type DateTime, type Effect, Layer } from "effect"

/** A message that a vendor sent to the platform's own webhook there, proved to be the vendor's. */
export interface ProviderMessage {
  /** The same at every attempt. */
  readonly id: MessageId
  readonly provider: DeepIntegrationType
  /** The vendor's own id of the message, its first 255 characters. */
  readonly externalId?: string
  /** The vendor's name for what happened, its first 255 characters. */
  readonly eventType?: string
  /** By their names in lower case, without those that may hold credentials. */
  readonly headers: Readonly<Record<string, string>>
  /** The raw bytes. */
  readonly body: Uint8Array
  readonly receivedAt: DateTime.Utc
}

/**
 * Does what a vendor's message asks for. A message comes at least once: what was done before is to be done as if it
 * had not been. A failure is tried again; its message is kept with the attempt, and so holds no secret.
 */
export type ProviderHandler = (message: ProviderMessage) => Effect.Effect<void, Error>

/** The handlers that this process has; each vendor adds one. */
type Handlers = Readonly<Partial<Record<DeepIntegrationType, ProviderHandler>>>

/** The route that stands for a vendor's handler among a message's handlings. */
export const providerRoute = "provider"

/** What handles the messages that vendors send to the platform itself. */
export class ProviderWebhooks extends Context.Service<
  ProviderWebhooks,
  {
    /** The vendor's handler; without one, its messages are recorded and no more. */
    get(provider: DeepIntegrationType): ProviderHandler | undefined
  }
>()("@do-integrations/server/ProviderWebhooks") {
  static readonly layer = (handlers: Handlers) =>
    Layer.succeed(ProviderWebhooks, { get: (provider) => handlers[provider] })
}
