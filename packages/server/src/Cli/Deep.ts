import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import {
  ConnectStep,
  DeepIntegration,
  DeepIntegrationSettings
} from "@do-integrations/domain/DeepIntegration"
import { DeepIntegrationType } from "@do-integrations/domain/Integration"
import { Effect, Schema } from "effect"
import { Argument, Command } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { printList, printOne } from "./Output.ts"

const type = Argument.Literals("type", DeepIntegrationType.literals)

const printIntegrations = printList(DeepIntegration, [
  "type",
  "status",
  "connectedAt",
  "lastActivityAt",
  "error"
])

const list = Command.make("list", {}, () =>
  IntegrationsClient.use(({ deepIntegrations }) => deepIntegrations.listDeepIntegrations()).pipe(
    Effect.flatMap((items) => printIntegrations(items)),
    asTenant
  )
).pipe(Command.withDescription("List the four with their status"))

const show = Command.make("show", { type }, (params) =>
  IntegrationsClient.use(({ deepIntegrations }) => deepIntegrations.getDeepIntegration({ params })).pipe(
    Effect.flatMap(printOne(DeepIntegration)),
    asTenant
  )
).pipe(Command.withDescription("Show one with its configuration"))

const configure = Command.make(
  "configure",
  {
    type,
    payload: Argument.String("json").pipe(
      Argument.withDescription("The settings to change, as JSON"),
      Argument.withSchema(Schema.fromJsonString(DeepIntegrationSettings))
    )
  },
  ({ payload, ...params }) =>
    IntegrationsClient.use(({ deepIntegrations }) =>
      deepIntegrations.configureDeepIntegration({ params, payload })
    ).pipe(Effect.flatMap(printOne(DeepIntegration)), asTenant)
).pipe(
  Command.withDescription("Change settings"),
  Command.withExamples([
    {
      command: `doi deep configure stripe '{"platformFeePercent":2.5}'`,
      description: "Set the platform's share"
    }
  ])
)

const connect = Command.make("connect", { type }, (params) =>
  IntegrationsClient.use(({ deepIntegrations }) => deepIntegrations.connectDeepIntegration({ params })).pipe(
    Effect.flatMap(printOne(ConnectStep)),
    asTenant
  )
).pipe(Command.withDescription("Connect; prints the address to visit, or done"))

const reconnect = Command.make("reconnect", { type }, (params) =>
  IntegrationsClient.use(({ deepIntegrations }) =>
    deepIntegrations.reconnectDeepIntegration({ params })
  ).pipe(Effect.flatMap(printOne(ConnectStep)), asTenant)
).pipe(Command.withDescription("Connect again; prints the address to visit, or done"))

const suspend = Command.make("suspend", { type }, (params) =>
  IntegrationsClient.use(({ deepIntegrations }) => deepIntegrations.suspendDeepIntegration({ params })).pipe(
    Effect.flatMap(printOne(DeepIntegration)),
    asTenant
  )
).pipe(Command.withDescription("Stop every operation until resumed"))

const resume = Command.make("resume", { type }, (params) =>
  IntegrationsClient.use(({ deepIntegrations }) => deepIntegrations.resumeDeepIntegration({ params })).pipe(
    Effect.flatMap(printOne(DeepIntegration)),
    asTenant
  )
).pipe(Command.withDescription("Go on with the stored credentials"))

const disconnect = Command.make("disconnect", { type }, (params) =>
  IntegrationsClient.use(({ deepIntegrations }) =>
    deepIntegrations.disconnectDeepIntegration({ params })
  ).pipe(Effect.flatMap(printOne(DeepIntegration)), asTenant)
).pipe(Command.withDescription("Disconnect and forget the credentials"))

/** `doi deep`: Stripe, WorkOS, GitHub and Cloudflare. */
export const deep = Command.make("deep").pipe(
  Command.withDescription("Manage Stripe, WorkOS, GitHub and Cloudflare"),
  Command.withSubcommands([list, show, configure, connect, reconnect, suspend, resume, disconnect])
)
