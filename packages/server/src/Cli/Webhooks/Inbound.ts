import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { DisplayName } from "@do-integrations/domain/Tenant"
import { CreatedInboundWebhook, InboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "../Connection.ts"
import { unusable } from "../Failure.ts"
import { customer, field, secret, secrets } from "../Input.ts"
import { printOne } from "../Output.ts"
import { clear, clearing, fieldsOf, settings } from "./InboundSettings.ts"
import { inboundWebhook, pastCommands } from "./Past.ts"
import { schemeFlags, schemeOf } from "./Scheme.ts"

const secretPrompt = "The secret that the sender signs with"

const create = Command.make(
  "create-inbound",
  {
    name: Argument.String("name").pipe(Argument.withSchema(DisplayName)),
    scheme: schemeFlags,
    settings,
    customer
  },
  ({ customer, name, scheme: flags, settings }) =>
    Effect.gen(function* () {
      const fields = yield* fieldsOf(settings)
      const scheme = yield* schemeOf(flags)
      const secrets = scheme.type === "none" ? [] : [yield* secret(secretPrompt)]
      const payload = { name, scheme, secrets, ...fields, ...customer }
      const { webhooks } = yield* IntegrationsClient
      yield* printOne(CreatedInboundWebhook)(yield* webhooks.createInboundWebhook({ headers: {}, payload }))
    }).pipe(asTenant)
).pipe(Command.withDescription("Open an address that a sender posts to; it is shown only now"))

/** The most secrets that a webhook has. */
const maxSecrets = 5

const update = Command.make(
  "update-inbound",
  {
    id: inboundWebhook,
    settings,
    clear,
    name: field("name", Flag.String("name").pipe(Flag.withSchema(DisplayName))),
    enabled: Flag.Literals("address", ["open", "closed"]).pipe(
      Flag.withDescription("Whether the address takes messages"),
      Flag.map((address) => ({ enabled: address === "open" })),
      Flag.withDefault({})
    ),
    newSecrets: Flag.Boolean("new-secret").pipe(
      Flag.withDescription(
        "Ask for a secret of the sender's, or read one line of stdin for each; up to five hold at a time, and they replace all that there were: to rotate, give the new one and the old one"
      ),
      Flag.withoutNegation,
      Flag.between(0, maxSecrets)
    )
  },
  ({ clear, enabled, id, name, newSecrets, settings }) =>
    Effect.gen(function* () {
      const change = yield* clearing({ ...(yield* fieldsOf(settings)), ...name, ...enabled }, clear)
      const count = newSecrets.length
      if (count === 0 && Object.keys(change).length === 0) {
        return yield* unusable("Nothing to change: give a setting.")
      }
      const payload = count === 0 ? change : { ...change, secrets: yield* secrets(secretPrompt, count) }
      const { webhooks } = yield* IntegrationsClient
      yield* printOne(InboundWebhook)(yield* webhooks.updateInboundWebhook({ params: { id }, payload }))
    }).pipe(asTenant)
).pipe(Command.withDescription("Change an inbound webhook in what is given; the rest stays as it is"))

/** `doi webhooks`: addresses that take webhooks. */
export const inboundCommands = [create, update, ...pastCommands] as const
