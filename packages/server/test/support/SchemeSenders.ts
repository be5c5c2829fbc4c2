import type { InboundSchemeType } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { bodySenders } from "./BodySenders.ts"
import { configuredSenders } from "./ConfiguredSenders.ts"
import type { SchemeSender } from "./SchemeSender.ts"
import { timedSenders } from "./TimedSenders.ts"
import { vendorSenders } from "./VendorSenders.ts"

/** A sender of every scheme. One that is missing is a type error. */
export const schemeSenders: { readonly [Type in InboundSchemeType]: SchemeSender<Type> } = {
  ...bodySenders,
  ...timedSenders,
  ...vendorSenders,
  ...configuredSenders
}
