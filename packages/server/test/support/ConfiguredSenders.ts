import { createHmac } from "node:crypto"
import { address, post, sender } from "./SchemeSender.ts"

const secrets = ["the first secret", "the second secret"] as const

/** What nothing is known of but that it came. */
const anonymous = () => ({})

const bodyOf = (text: string) => JSON.stringify({ text })

/** Those whose way a tenant configures, and those that send the secret itself, which proves nothing of the body. */
export const configuredSenders = {
  hmac: sender(
    {
      type: "hmac",
      header: "X-Signature",
      algorithm: "sha512",
      encoding: "base64",
      prefix: "v1=",
      timestampHeader: "X-Time",
      template: "{method} {url}|{timestamp}|{header:X-Id}|{body}"
    },
    {
      body: true,
      headers: ["x-signature", "x-time", "x-id"],
      url: true,
      method: true,
      toleranceSeconds: 300
    },
    anonymous,
    secrets,
    (secret, { at, id, text }) => {
      const body = bodyOf(text)
      const signed = `POST ${address}|${at / 1000}|${id}|${body}`
      return post(body, {
        "x-id": id,
        "x-time": String(at / 1000),
        "x-signature": `v1=${createHmac("sha512", secret).update(signed).digest("base64")}`
      })
    }
  ),
  gitlab: sender(
    { type: "gitlab" },
    { body: false, headers: ["x-gitlab-token"] },
    ({ eventType, id }) => ({ id, eventType }),
    secrets,
    (secret, { eventType, id, text }) =>
      post(bodyOf(text), { "x-gitlab-event": eventType, "idempotency-key": id, "x-gitlab-token": secret })
  ),
  basic: sender(
    { type: "basic" },
    { body: false, headers: ["authorization"] },
    anonymous,
    ["user:first password", "user:second password"],
    (secret, { text }) =>
      post(bodyOf(text), { authorization: `Basic ${Buffer.from(secret).toString("base64")}` })
  ),
  bearer: sender(
    { type: "bearer" },
    { body: false, headers: ["authorization"] },
    anonymous,
    ["first-token", "second-token"],
    (secret, { text }) => post(bodyOf(text), { authorization: `Bearer ${secret}` })
  ),
  header: sender(
    { type: "header", name: "X-Api-Secret" },
    { body: false, headers: ["x-api-secret"] },
    anonymous,
    secrets,
    (secret, { text }) => post(bodyOf(text), { "x-api-secret": secret })
  ),
  none: sender(
    { type: "none" },
    { body: false, headers: [], nothing: true },
    anonymous,
    secrets,
    (_, { text }) => post(bodyOf(text), {})
  )
}
