import { Effect } from "effect"
import { type Action, ActionFailed, impossible } from "./Action.ts"
import { hopsOf, maxHops } from "../Hops.ts"
import { makeForward } from "./Forward.ts"
import type { Handling } from "./Handling.ts"
import { makeHandlers } from "./Handlers.ts"
import { makePublish } from "./Publish.ts"
import type { HandledWebhook } from "./Webhook.ts"

/** What each route does with a message, by its target. */
export const makeActions = Effect.gen(function* () {
  const forward = yield* makeForward
  const handlers = yield* makeHandlers
  const publish = yield* makePublish

  return (webhook: HandledWebhook, handling: Handling): Action => {
    if (webhook.provider !== undefined) return handlers.callProvider(webhook.provider, handling)
    const to = webhook.routes.find(({ name }) => name === handling.route)?.to
    if (to === undefined) {
      const reason = "The webhook no longer has this route"
      return impossible(new ActionFailed({ reason, final: true, orphaned: true }))
    }
    if (to.type === "handler") return handlers.call(webhook, handling, to.handler)
    if (hopsOf(handling) >= maxHops) {
      const reason = `It was forwarded ${maxHops} times before: webhooks forward in a circle`
      return impossible(new ActionFailed({ reason, final: true }))
    }
    switch (to.type) {
      case "url":
        return { type: "outside", run: forward(webhook, handling, new URL(to.url)) }
      case "endpoint":
        return publish(webhook, handling, { eventType: to.eventType, only: to.webhookId })
      case "event":
        return publish(webhook, handling, to)
    }
  }
})
