import { StandardPayload } from "@do-integrations/domain/Webhook/Payload/Standard"
import * as WebhookHandlers from "../WebhookHandlers.ts"

/**
 * Makes a handler of what senders of Standard Webhooks 1.0 send: a body with `type`, `timestamp` and `data`. A body
 * without them is dead at once; not all who sign by the standard write one.
 */
export const make = <E, R>(settings: WebhookHandlers.Settings<StandardPayload, E, R>) =>
  WebhookHandlers.make({ ...settings, source: "standard", payload: StandardPayload })
