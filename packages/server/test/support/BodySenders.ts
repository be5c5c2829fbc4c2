import { createHmac } from "node:crypto"
import { post, type Said, sender } from "./SchemeSender.ts"

const secrets = ["the first secret", "the second secret"] as const

/** The HMAC-SHA256 of a text. */
const hmac = (secret: string, text: string, encoding: "hex" | "base64") =>
  createHmac("sha256", secret).update(text).digest(encoding)

const both = ({ eventType, id }: Said) => ({ id, eventType })

/** Those that sign the body alone. */
export const bodySenders = {
  github: sender(
    { type: "github" },
    { body: true, headers: ["x-hub-signature-256"] },
    both,
    secrets,
    (secret, { eventType, id, text }) => {
      const body = JSON.stringify({ zen: text })
      return post(body, {
        "x-github-event": eventType,
        "x-github-delivery": id,
        "x-hub-signature-256": `sha256=${hmac(secret, body, "hex")}`
      })
    }
  ),
  bitbucket: sender(
    { type: "bitbucket" },
    { body: true, headers: ["x-hub-signature"] },
    both,
    secrets,
    (secret, { eventType, id, text }) => {
      const body = JSON.stringify({ push: { changes: [{ summary: text }] } })
      return post(body, {
        "x-event-key": eventType,
        "x-request-uuid": id,
        "x-hub-signature": `sha256=${hmac(secret, body, "hex")}`
      })
    }
  ),
  jira: sender(
    { type: "jira" },
    { body: true, headers: ["x-hub-signature"] },
    both,
    secrets,
    (secret, { eventType, id, text }) => {
      const body = JSON.stringify({ webhookEvent: eventType, issue: { fields: { summary: text } } })
      return post(body, {
        "x-atlassian-webhook-identifier": id,
        "x-hub-signature": `sha256=${hmac(secret, body, "hex")}`
      })
    }
  ),
  shopify: sender(
    { type: "shopify" },
    { body: true, headers: ["x-shopify-hmac-sha256"] },
    both,
    secrets,
    (secret, { eventType, id, text }) => {
      const body = JSON.stringify({ id: 820_982_911_946_154_500, note: text })
      return post(body, {
        "x-shopify-topic": eventType,
        "x-shopify-webhook-id": id,
        "x-shopify-hmac-sha256": hmac(secret, body, "base64")
      })
    }
  ),
  typeform: sender(
    { type: "typeform" },
    { body: true, headers: ["typeform-signature"] },
    both,
    secrets,
    (secret, { eventType, id, text }) => {
      const body = JSON.stringify({
        event_id: id,
        event_type: eventType,
        form_response: { answers: [{ text }] }
      })
      return post(body, { "typeform-signature": `sha256=${hmac(secret, body, "base64")}` })
    }
  ),
  sentry: sender(
    { type: "sentry" },
    { body: true, headers: ["sentry-hook-signature"] },
    both,
    secrets,
    (secret, { at, eventType, id, text }) => {
      const body = JSON.stringify({ action: "created", data: { issue: { title: text } } })
      return post(body, {
        "request-id": id,
        "sentry-hook-resource": eventType,
        "sentry-hook-timestamp": String(at / 1000),
        "sentry-hook-signature": hmac(secret, body, "hex")
      })
    }
  ),
  // The time that is signed stands in the body.
  linear: sender(
    { type: "linear" },
    { body: true, headers: ["linear-signature"], toleranceSeconds: 300 },
    both,
    secrets,
    (secret, { at, eventType, id, text }) => {
      const body = JSON.stringify({
        action: "update",
        type: eventType,
        data: { title: text },
        webhookTimestamp: at
      })
      return post(body, { "linear-delivery": id, "linear-signature": hmac(secret, body, "hex") })
    }
  )
}
