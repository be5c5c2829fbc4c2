import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { address, post, type SchemeSender, sender, type SenderKey } from "./SchemeSender.ts"

const secrets = ["the first secret", "the second secret"] as const

const hmac = (secret: string, content: string, hash = "sha256") => createHmac(hash, secret).update(content)

const seconds = (at: number) => String(at / 1000)

const twilio = sender(
  { type: "twilio" },
  { body: true, headers: ["x-twilio-signature"], url: true },
  ({ eventType, id }) => ({ id, eventType }),
  secrets,
  (secret, { eventType, id, text }) => {
    const body = JSON.stringify([{ specversion: "1.0", type: eventType, data: { text } }])
    const url = `${address}&bodySHA256=${createHash("sha256").update(body).digest("hex")}`
    return {
      ...post(body, {
        "i-twilio-idempotency-token": id,
        "x-twilio-signature": hmac(secret, url, "sha1").digest("base64")
      }),
      url
    }
  }
)

/** A sender that signs with a private key, and two pairs of it. */
const signer = <Type extends "discord" | "sendgrid">(
  sender: Omit<SchemeSender<Type>, "keys">,
  keyOf: () => SenderKey
): SchemeSender<Type> => ({ ...sender, keys: [keyOf(), keyOf()] })

const discord = signer<"discord">(
  {
    config: { type: "discord" },
    proves: {
      body: true,
      headers: ["x-signature-ed25519", "x-signature-timestamp"],
      toleranceSeconds: 300
    },
    reads: ({ eventType }) => ({ eventType })
  },
  () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519")
    return {
      secret: publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex"),
      send: ({ at, eventType, text }) => {
        const body = JSON.stringify({ version: 1, type: 1, event: { type: eventType, data: { text } } })
        const signature = sign(null, Buffer.from(seconds(at) + body), privateKey).toString("hex")
        return post(body, { "x-signature-ed25519": signature, "x-signature-timestamp": seconds(at) })
      }
    }
  }
)

/** The headers of a SendGrid message. */
export const asSendGrid = (privateKey: KeyObject, timestamp: string, body: string) => ({
  "x-twilio-email-event-webhook-signature": sign(
    "sha256",
    Buffer.from(timestamp + body),
    privateKey
  ).toString("base64"),
  "x-twilio-email-event-webhook-timestamp": timestamp
})

const sendgrid = signer<"sendgrid">(
  {
    config: { type: "sendgrid" },
    proves: {
      body: true,
      headers: ["x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"],
      toleranceSeconds: 300
    },
    reads: ({ eventType, id }) => ({ id, eventType })
  },
  () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    return {
      secret: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
      send: ({ at, eventType, id, text }) => {
        const body = JSON.stringify([{ sg_event_id: id, event: eventType, text }])
        return post(body, asSendGrid(privateKey, seconds(at), body))
      }
    }
  }
)

const zendesk = sender(
  { type: "zendesk" },
  {
    body: true,
    headers: ["x-zendesk-webhook-signature", "x-zendesk-webhook-signature-timestamp"],
    toleranceSeconds: 300
  },
  ({ eventType, id }) => ({ id, eventType }),
  secrets,
  (secret, { at, eventType, id, text }) => {
    const timestamp = new Date(at).toISOString()
    const body = JSON.stringify({ type: eventType, detail: { text } })
    return post(body, {
      "x-zendesk-webhook-invocation-id": id,
      "x-zendesk-webhook-signature-timestamp": timestamp,
      "x-zendesk-webhook-signature": hmac(secret, timestamp + body).digest("base64")
    })
  }
)

const hubspot = sender(
  { type: "hubspot" },
  {
    body: true,
    headers: ["x-hubspot-signature-v3", "x-hubspot-request-timestamp"],
    url: true,
    method: true,
    toleranceSeconds: 300
  },
  ({ at, eventType, id }) => ({ id: JSON.stringify(["12", id, String(at)]), eventType }),
  secrets,
  (secret, { at, eventType, id, text }) => {
    const body = JSON.stringify([
      { eventId: id, subscriptionId: 12, occurredAt: at, subscriptionType: eventType, propertyValue: text }
    ])
    return post(body, {
      "x-hubspot-request-timestamp": String(at),
      "x-hubspot-signature-v3": hmac(secret, `POST${address}${body}${at}`).digest("base64")
    })
  }
)

const square = sender(
  { type: "square" },
  { body: true, headers: ["x-square-hmacsha256-signature"], url: true },
  ({ eventType, id }) => ({ id, eventType }),
  secrets,
  (secret, { eventType, id, text }) => {
    const body = JSON.stringify({ event_id: id, type: eventType, data: { text } })
    return post(body, { "x-square-hmacsha256-signature": hmac(secret, address + body).digest("base64") })
  }
)

const intercom = sender(
  { type: "intercom" },
  { body: true, headers: ["x-hub-signature"] },
  ({ eventType, id }) => ({ id, eventType }),
  secrets,
  (secret, { eventType, id, text }) => {
    const body = JSON.stringify({ type: "notification_event", id, topic: eventType, data: { text } })
    return post(body, { "x-hub-signature": `sha1=${hmac(secret, body, "sha1").digest("hex")}` })
  }
)

const paddle = sender(
  { type: "paddle" },
  { body: true, headers: ["paddle-signature"], toleranceSeconds: 300 },
  ({ eventType, id }) => ({ id, eventType }),
  secrets,
  (secret, { at, eventType, id, text }) => {
    const body = JSON.stringify({ event_id: id, event_type: eventType, data: { text } })
    const signature = hmac(secret, `${seconds(at)}:${body}`).digest("hex")
    return post(body, { "paddle-signature": `ts=${seconds(at)};h1=${signature}` })
  }
)

/** The body is not signed but for the time and the token in it, so nothing of it is claimed to be proved here. */
const mailgun = sender(
  { type: "mailgun" },
  { body: false, headers: [], toleranceSeconds: 9 * 3600 },
  ({ eventType, id }) => ({ id, eventType }),
  secrets,
  (secret, { at, eventType, id, text }) => {
    const timestamp = seconds(at)
    const signature = hmac(secret, timestamp + id).digest("hex")
    return post(
      JSON.stringify({
        signature: { timestamp, token: id, signature },
        "event-data": { event: eventType, text }
      }),
      {}
    )
  }
)

const calendly = sender(
  { type: "calendly" },
  { body: true, headers: ["calendly-webhook-signature"], toleranceSeconds: 300 },
  ({ at, eventType, id }) => ({ id: JSON.stringify([eventType, new Date(at).toISOString(), id]), eventType }),
  secrets,
  (secret, { at, eventType, id, text }) => {
    const created_at = new Date(at).toISOString()
    const body = JSON.stringify({ event: eventType, created_at, payload: { uri: id, name: text } })
    const signature = hmac(secret, `${seconds(at)}.${body}`).digest("hex")
    return post(body, { "calendly-webhook-signature": `t=${seconds(at)},v1=${signature}` })
  }
)

/** Senders of vendors whose signatures are no plain HMAC of the body: over an address, a form, with a private key. */
export const vendorSenders = {
  twilio,
  discord,
  zendesk,
  hubspot,
  square,
  intercom,
  paddle,
  mailgun,
  sendgrid,
  calendly
}
