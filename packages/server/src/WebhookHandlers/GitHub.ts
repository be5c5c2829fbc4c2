import {
  decodeTyped,
  type GitHubEventName,
  type TypedEvent
} from "@do-integrations/domain/Webhook/Payload/GitHub"
import type { Untyped } from "@do-integrations/domain/Webhook/Payload/Reading"
import { Effect } from "effect"
import { DeadLetter, makeWith, type Settings, type WebhookHandler } from "../WebhookHandlers.ts"

/**
 * Makes a handler of one of GitHub's events. It gets the typed payload, or, where GitHub has sent something that is
 * not known here, such as an action that is new, the JSON as it came.
 */
export const make = <Name extends GitHubEventName, E, R>(
  eventType: Name,
  settings: Settings<TypedEvent<Name> | Untyped, E, R>
): WebhookHandler<R> =>
  makeWith(settings, { eventTypes: [eventType], source: "github" }, ({ payload }) =>
    payload === undefined
      ? Effect.fail(new DeadLetter({ reason: "The body is no JSON" }))
      : Effect.succeed(decodeTyped(eventType, payload))
  )
