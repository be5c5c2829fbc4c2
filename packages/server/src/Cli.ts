import type { Effect } from "effect"
import { Command } from "effect/cli"
import { audit } from "./Cli/Audit.ts"
import { ApiKey, RootKey, Url } from "./Cli/Connection.ts"
import { deep } from "./Cli/Deep.ts"
import { deliveries } from "./Cli/Deliveries.ts"
import { events } from "./Cli/Events.ts"
import { integrations } from "./Cli/Integrations.ts"
import { jobs } from "./Cli/Jobs.ts"
import { keys } from "./Cli/Keys.ts"
import { messages } from "./Cli/Messages.ts"
import { Json } from "./Cli/Output.ts"
import { tenants } from "./Cli/Tenants.ts"
import { webhooks } from "./Cli/Webhooks.ts"

/** The two commands that open the database; every other one speaks HTTP to a running service. */
export interface Service<E, R> {
  /** Runs the service until it is told to stop. */
  readonly serve: Effect.Effect<void, E, R>
  /** Brings the database's tables up to date. */
  readonly migrate: Effect.Effect<void, E, R>
}

/** The command line `doi`. Run it by `Command.run`, which adds help, completions and the version. */
export const make = <E, R>({ migrate, serve }: Service<E, R>) =>
  Command.make("doi").pipe(
    Command.withDescription("DO Integrations: connections, credentials and webhooks of the DO platform"),
    Command.withSubcommands([
      Command.make("serve", {}, () => serve).pipe(Command.withDescription("Run the service")),
      Command.make("migrate", {}, () => migrate).pipe(
        Command.withDescription("Bring the database's tables up to date")
      ),
      tenants,
      keys,
      integrations,
      webhooks,
      deliveries,
      messages,
      jobs,
      events,
      audit,
      deep
    ]),
    Command.withGlobalFlags([Url, ApiKey, RootKey, Json])
  )
