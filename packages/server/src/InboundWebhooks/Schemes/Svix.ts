import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import type { Scheme } from "../Scheme.ts"
import { standardVerifier } from "./Standard.ts"

/** Svix, "Verifying payloads": Standard Webhooks under its own header names. */
export const svix: Scheme<Extract<InboundScheme, { type: "svix" }>> = {
  verifier: ({ toleranceSeconds }, secrets) => standardVerifier(() => "svix", secrets, toleranceSeconds),
  id: [{ in: "header", name: "svix-id" }],
  eventType: [{ in: "body", path: "type" }]
}
