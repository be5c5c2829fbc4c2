import { Context, type Redacted } from "effect"

/** The operator's key: it creates, lists and deletes tenants, and never reads their data. */
export class RootKey extends Context.Service<RootKey, Redacted.Redacted>()(
  "@do-integrations/server/RootKey"
) {}
