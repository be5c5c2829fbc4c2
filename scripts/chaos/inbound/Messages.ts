import { createHmac } from "node:crypto"
import { Webhook } from "standardwebhooks"
import { lotOf } from "../../../bench/RecorderProtocol.ts"

/** What senders sign with. */
export const secrets = {
  standard: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  github: "It's a Secret to Everybody"
} as const

/** The scheme of a sender. */
export type SenderScheme = keyof typeof secrets

/** The share of the messages whose handler in code refuses the first attempt. */
const refusedShare = 0.1

/** The id of the message with this number in the order of a key. */
export const orderedNonce = (key: string, number: number): string => `${key}/${number}`

/** The place of a message in an order; undefined: it has none. */
export const placeOf = (nonce: string) => {
  const [key = "", number] = nonce.split("/")
  return number === undefined ? undefined : { key, number: Number(number) }
}

/** A message as its sender makes it of an id: always the same, so that it may be sent again. */
export const messageOf = (nonce: string) => {
  const lot = lotOf(nonce)
  const type = lot < 0.5 ? "push" : "ping"
  const size = lot < 0.25 || lot > 0.75 ? "large" : "small"
  const failures = lotOf(`failures of ${nonce}`) < refusedShare ? 1 : 0
  const padding = "x".repeat(300)
  const body = JSON.stringify({ type, nonce, size, failures, ...placeOf(nonce), padding })
  return { type, size, failures, body } as const
}

export type Message = ReturnType<typeof messageOf>

/** The nonce of a message by its body. */
export const nonceIn = (body: string): string => /"nonce":"([^"]*)"/.exec(body)?.[1] ?? ""

const standard = new Webhook(secrets.standard)

/** The headers that a message is sent with now. */
export const headersOf = (
  scheme: SenderScheme,
  nonce: string,
  { body, type }: Message,
  now: Date
): Record<string, string> =>
  scheme === "github"
    ? {
        "x-github-event": type,
        "x-github-delivery": nonce,
        "x-hub-signature-256": `sha256=${createHmac("sha256", secrets.github).update(body).digest("hex")}`
      }
    : {
        "webhook-id": nonce,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        "webhook-signature": standard.sign(nonce, now, body)
      }
