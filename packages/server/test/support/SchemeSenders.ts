import type { InboundSchemeType } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { createHmac } from "node:crypto"
import { post, type SchemeSender, sender } from "./SchemeSender.ts"

const secrets = ["the first secret", "the second secret"] as const

const github = sender(
  { type: "github" },
  { body: true, headers: ["x-hub-signature-256"] },
  ({ eventType, id }) => ({ id, eventType }),
  secrets,
  (secret, { eventType, id, text }) => {
    const body = JSON.stringify({ text })
    const signature = createHmac("sha256", secret).update(body).digest("hex")
    return post(body, {
      "x-github-event": eventType,
      "x-github-delivery": id,
      "x-hub-signature-256": `sha256=${signature}`
    })
  }
)

/** A sender of every scheme. */
export const schemeSenders: { readonly [Type in InboundSchemeType]: SchemeSender<Type> } = {
  github
}
