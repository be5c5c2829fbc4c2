import { follow } from "@do-integrations/client/EventStream"
import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { Event, EventTypeName, Position, TenantEventTypeName } from "@do-integrations/domain/Event"
import { Effect, Schema, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { customer, field, paging } from "./Input.ts"
import { printLine, printList, printOne } from "./Output.ts"

const type = Flag.String("type").pipe(
  Flag.withDescription("Only events of this type"),
  Flag.withSchema(EventTypeName),
  Flag.map((type) => ({ type })),
  Flag.withDefault({})
)

const publish = Command.make(
  "publish",
  {
    type: Argument.String("type").pipe(Argument.withSchema(TenantEventTypeName)),
    data: Argument.String("json").pipe(
      Argument.withDescription("The event's data, as JSON"),
      Argument.withSchema(Schema.fromJsonString(Schema.Json))
    ),
    channels: field(
      "channels",
      Flag.String("channel").pipe(
        Flag.withDescription("A channel to publish it to; give it once for each"),
        Flag.atLeast(1)
      )
    ),
    customer
  },
  ({ channels, customer, ...event }) =>
    IntegrationsClient.use(({ events }) =>
      events.publishEvent({ headers: {}, payload: { ...event, ...channels, ...customer } })
    ).pipe(Effect.flatMap(printOne(Event)), asTenant)
).pipe(
  Command.withDescription("Publish an event"),
  Command.withExamples([
    {
      command: `doi events publish invoice.paid '{"invoice":"in_1042"}'`,
      description: "Tell that it was paid"
    }
  ])
)

const columns = ["createdAt", "position", "type", "customerId", "data"]
const printEvents = printList(Event, columns)

const cursor = Flag.String("cursor").pipe(
  Flag.withDescription("Where the page before ended"),
  Flag.withSchema(Position),
  Flag.map((cursor) => ({ cursor })),
  Flag.withDefault({})
)

const list = Command.make(
  "list",
  { limit: paging.limit, cursor, customer, type },
  ({ cursor, customer, limit, type }) =>
    IntegrationsClient.use(({ events }) =>
      events.listEvents({ query: { ...limit, ...cursor, ...customer, ...type } })
    ).pipe(
      Effect.flatMap(({ items, nextCursor }) => printEvents(items, nextCursor)),
      asTenant
    )
).pipe(Command.withDescription("List events"))

const tail = Command.make(
  "tail",
  {
    customer,
    type,
    after: Flag.String("after").pipe(
      Flag.withDescription("Begin after this position; left out: from now on"),
      Flag.withSchema(Position),
      Flag.map((after) => ({ after })),
      Flag.withDefault({})
    )
  },
  ({ after, customer, type }) =>
    follow({ ...after, ...customer, ...type }).pipe(Stream.runForEach(printLine(Event, columns)), asTenant)
).pipe(Command.withDescription("Print events as they happen, until interrupted"))

/** `doi events`: what happened. */
export const events = Command.make("events").pipe(
  Command.withDescription("Publish, list and follow events"),
  Command.withSubcommands([publish, list, tail])
)
