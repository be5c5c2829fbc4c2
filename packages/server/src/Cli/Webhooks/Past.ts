import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { Job } from "@do-integrations/domain/Job"
import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Rejections } from "@do-integrations/domain/Webhook/Inbound/Rejection"
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "../Connection.ts"
import { field, time } from "../Input.ts"
import { printList, printOne } from "../Output.ts"

/** The inbound webhook that something is done to. */
export const inboundWebhook = Argument.String("id").pipe(Argument.withSchema(InboundWebhookId))

const replay = Command.make(
  "replay",
  {
    id: inboundWebhook,
    since: time("since", "Messages that came from then on"),
    until: field("until", time("until", "And before then; left out: now")),
    states: field(
      "states",
      Flag.Literals("state", ["unrouted", "dead", "cancelled", "handled"]).pipe(
        Flag.withDescription(
          "Only where they stand so on a route, one for each; left out: unrouted and dead"
        ),
        Flag.atLeast(1)
      )
    ),
    eventTypes: field(
      "eventTypes",
      Flag.String("event").pipe(
        Flag.withDescription("Only of this type of the sender's, such as invoice.*; give it once for each"),
        Flag.atLeast(1)
      )
    ),
    routes: field(
      "routes",
      Flag.String("route").pipe(
        Flag.withDescription("Only on the route of this name; give it once for each"),
        Flag.atLeast(1)
      )
    )
  },
  ({ eventTypes, id, routes, since, states, until }) =>
    IntegrationsClient.use(({ webhooks }) =>
      webhooks.replayMessages({
        params: { id },
        payload: { since, ...until, ...states, ...eventTypes, ...routes }
      })
    ).pipe(Effect.flatMap(printOne(Job)), asTenant)
).pipe(Command.withDescription("Handle the messages of a time once more, as a job"))

const printRejections = printList(Rejections, ["hour", "reason", "count", "lastAt"])

const rejections = Command.make("rejections", { id: inboundWebhook }, (params) =>
  IntegrationsClient.use(({ webhooks }) => webhooks.listRejections({ params })).pipe(
    Effect.flatMap((items) => printRejections(items)),
    asTenant
  )
).pipe(Command.withDescription("Show how many requests to the address were refused, by hour and reason"))

/** `doi webhooks`: what an inbound webhook took is handled once more, and what it refused is shown. */
export const pastCommands = [replay, rejections] as const
