import { createHmac } from "node:crypto"
import { post, type Said, sender } from "./SchemeSender.ts"

const secrets = ["the first secret", "the second secret"] as const

const signingSecrets = [
  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDq0wG8r8PRJI="
] as const

const both = ({ eventType, id }: Said) => ({ id, eventType })

const hex = (secret: string, text: string) => createHmac("sha256", secret).update(text).digest("hex")

/** A message of Standard Webhooks under the header names of a family. */
const asStandard =
  (family: "webhook" | "svix") =>
  (secret: string, { at, eventType, id, text }: Said) => {
    const body = JSON.stringify({ type: eventType, data: { text } })
    const key = Buffer.from(secret.slice("whsec_".length), "base64")
    const signature = createHmac("sha256", key)
      .update(`${id}.${at / 1000}.${body}`)
      .digest("base64")
    return post(body, {
      [`${family}-id`]: id,
      [`${family}-timestamp`]: String(at / 1000),
      [`${family}-signature`]: `v1,${signature}`
    })
  }

/** Those that sign a time, which stands in a header. */
export const timedSenders = {
  standard: sender(
    { type: "standard" },
    {
      body: true,
      headers: ["webhook-id", "webhook-timestamp", "webhook-signature"],
      toleranceSeconds: 300
    },
    both,
    signingSecrets,
    asStandard("webhook")
  ),
  svix: sender(
    { type: "svix" },
    { body: true, headers: ["svix-id", "svix-timestamp", "svix-signature"], toleranceSeconds: 300 },
    both,
    signingSecrets,
    asStandard("svix")
  ),
  stripe: sender(
    { type: "stripe", toleranceSeconds: 600 },
    { body: true, headers: ["stripe-signature"], toleranceSeconds: 600 },
    both,
    ["whsec_first", "whsec_second"],
    (secret, { at, eventType, id, text }) => {
      const body = JSON.stringify({ id, object: "event", type: eventType, data: { object: { name: text } } })
      const time = at / 1000
      return post(body, { "stripe-signature": `t=${time},v1=${hex(secret, `${time}.${body}`)}` })
    }
  ),
  workos: sender(
    { type: "workos" },
    { body: true, headers: ["workos-signature"], toleranceSeconds: 300 },
    both,
    secrets,
    (secret, { at, eventType, id, text }) => {
      const body = JSON.stringify({ id, event: eventType, data: { name: text } })
      return post(body, { "workos-signature": `t=${at}, v1=${hex(secret, `${at}.${body}`)}` })
    }
  ),
  slack: sender(
    { type: "slack" },
    {
      body: true,
      headers: ["x-slack-signature", "x-slack-request-timestamp"],
      toleranceSeconds: 300
    },
    both,
    secrets,
    (secret, { at, eventType, id, text }) => {
      const body = JSON.stringify({
        type: "event_callback",
        event_id: id,
        event: { type: eventType, text }
      })
      return post(body, {
        "x-slack-request-timestamp": String(at / 1000),
        "x-slack-signature": `v0=${hex(secret, `v0:${at / 1000}:${body}`)}`
      })
    }
  )
}
