import { Schema } from "effect"
import { typeId } from "../../Id.ts"

/** The id of an inbound webhook; not the token in its address. */
export const InboundWebhookId = typeId("whi").pipe(Schema.brand("InboundWebhookId"))
export type InboundWebhookId = typeof InboundWebhookId.Type
