import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { AnyWebhook } from "@do-integrations/domain/Api/Webhooks"
import { HeaderName } from "@do-integrations/domain/Http"
import { DisplayName } from "@do-integrations/domain/Tenant"
import { CreatedInboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { customer, paging, secret } from "./Input.ts"
import { printList, printOne } from "./Output.ts"
import { changeCommands } from "./Webhooks/Change.ts"
import { createOutbound } from "./Webhooks/Create.ts"
import { deliveryCommands } from "./Webhooks/Deliver.ts"
import { standingCommands } from "./Webhooks/Standing.ts"

/** How an HMAC is sent, for `--scheme hmac`. */
const hmac = {
  header: Flag.String("header").pipe(
    Flag.withDescription("hmac: the header that holds the signature"),
    Flag.withSchema(HeaderName),
    Flag.withDefault("X-Signature")
  ),
  algorithm: Flag.Literals("algorithm", ["sha256", "sha384", "sha512"]).pipe(Flag.withDefault("sha256")),
  encoding: Flag.Literals("encoding", ["hex", "base64"]).pipe(Flag.withDefault("hex")),
  prefix: Flag.String("prefix").pipe(
    Flag.withDescription("hmac: what stands before the signature, such as sha256="),
    Flag.map((prefix) => ({ prefix })),
    Flag.withDefault({})
  )
}

const createInbound = Command.make(
  "create-inbound",
  {
    name: Argument.String("name").pipe(Argument.withSchema(DisplayName)),
    type: Flag.Literals("scheme", ["github", "standard", "hmac"]).pipe(
      Flag.withDescription("How the sender signs")
    ),
    hmac,
    customer
  },
  ({ customer, hmac: { prefix, ...hmac }, name, type }) =>
    Effect.gen(function* () {
      const { webhooks } = yield* IntegrationsClient
      const secrets = [yield* secret("The secret that the sender signs with")]
      const scheme = type === "hmac" ? { type, ...hmac, ...prefix } : { type }
      const payload = { name, scheme, secrets, ...customer }
      yield* printOne(CreatedInboundWebhook)(yield* webhooks.createInboundWebhook({ headers: {}, payload }))
    }).pipe(asTenant)
).pipe(Command.withDescription("Open an address that a sender posts to; it is shown only now"))

const printWebhooks = printList(AnyWebhook, [
  "direction",
  "webhook.id",
  "webhook.name",
  "webhook.url",
  "webhook.eventTypes",
  "webhook.status"
])

const list = Command.make("list", { ...paging, customer }, ({ cursor, customer, limit }) =>
  IntegrationsClient.use(({ webhooks }) =>
    webhooks.listWebhooks({ query: { ...limit, ...cursor, ...customer } })
  ).pipe(
    Effect.flatMap(({ items, nextCursor }) => printWebhooks(items, nextCursor)),
    asTenant
  )
).pipe(Command.withDescription("List webhooks, inbound and outbound"))

/** `doi webhooks`: addresses that take webhooks, and addresses that events are delivered to. */
export const webhooks = Command.make("webhooks").pipe(
  Command.withDescription("Manage inbound and outbound webhooks"),
  Command.withSubcommands([
    createInbound,
    createOutbound,
    list,
    ...changeCommands,
    ...standingCommands,
    ...deliveryCommands
  ])
)
