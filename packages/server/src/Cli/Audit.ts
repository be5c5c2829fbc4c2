import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { AuditEntry, AuditVerification } from "@do-integrations/domain/Audit"
import { Effect } from "effect"
import { CliError, Command } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { paging } from "./Input.ts"
import { printList, printOne } from "./Output.ts"

const printEntries = printList(AuditEntry, ["number", "at", "actor", "action", "target"])

const list = Command.make("list", paging, ({ cursor, limit }) =>
  IntegrationsClient.use(({ audit }) => audit.listAudit({ query: { ...limit, ...cursor } })).pipe(
    Effect.flatMap(({ items, nextCursor }) => printEntries(items, nextCursor)),
    asTenant
  )
).pipe(Command.withDescription("List what was done by whom"))

const verify = Command.make("verify", {}, () =>
  Effect.gen(function* () {
    const verification = yield* IntegrationsClient.use(({ audit }) => audit.verifyAudit())
    yield* printOne(AuditVerification)(verification)
    if (verification.intact) return
    const userMessage = `The audit chain is broken at entry ${verification.brokenAt ?? "?"}`
    return yield* new CliError.UserError({ cause: verification, userMessage })
  }).pipe(asTenant)
).pipe(Command.withDescription("Check the audit log's hash chain; exits with 1 when it is broken"))

/** `doi audit`: the audit log. */
export const audit = Command.make("audit").pipe(
  Command.withDescription("Read and verify the audit log"),
  Command.withSubcommands([list, verify])
)
