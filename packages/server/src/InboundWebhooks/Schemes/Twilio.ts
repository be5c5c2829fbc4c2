import { Bytes, Effect } from "effect"
import { Mac } from "effect/crypto"
import { createHash } from "node:crypto"
import { isShortForm, type Received } from "../Received.ts"
import { notSigned, type Scheme, unsigned } from "../Scheme.ts"
import { typeOfAll } from "./Batch.ts"
import { fromBase64, fromHex } from "./Encodings.ts"
import { textKeys } from "./Keys.ts"

const utf8 = new TextEncoder()

/** Scheme, host with what stands before it, port and rest of an address, the characters of each as they came. */
const address = /^([a-z][a-z\d+.-]*:\/\/)([^/?#]*?)(:\d+)?([/?#].*)?$/i

/** Twilio signs the address with its port or without, and says not which. */
const withoutPort = (url: string) => url.replace(address, "$1$2$4")
const withPort = (url: string) =>
  url.replace(address, (whole, scheme: string, host: string, port?: string, rest = "") =>
    port === undefined ? `${scheme}${host}:${scheme.toLowerCase() === "https://" ? 443 : 80}${rest}` : whole
  )

/** The fields of a form as they are signed: by name, each with its values, in order and without repetitions. */
const signedFields = (text: string): string => {
  const fields = new Map<string, Set<string>>()
  for (const [name, value] of new URLSearchParams(text)) {
    const values = fields.get(name)
    if (values === undefined) fields.set(name, new Set([value]))
    else values.add(value)
  }
  return [...fields.keys()]
    .toSorted()
    .flatMap((name) => [...(fields.get(name) ?? [])].toSorted().map((value) => name + value))
    .join("")
}

/** Whether it is a form that may be read: Twilio sends some dozens of fields. */
const isForm = ({ body, headers }: Received) =>
  headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true && isShortForm(body)

const bodyHash = (url: string) => fromHex(/[?&]bodySHA256=([\da-f]{64})(?:[&#]|$)/i.exec(url)?.[1] ?? "")[0]

/** What of a body is signed beside the address; undefined where nothing would vouch for the body. */
const signedBody = (received: Received): string | undefined => {
  const { body, url } = received
  const expected = bodyHash(url)
  if (expected !== undefined && expected.length > 0) {
    return Bytes.Equivalence(createHash("sha256").update(body).digest(), expected) ? "" : undefined
  }
  if (body.length === 0) return ""
  const text = isForm(received) ? received.text : undefined
  return text === undefined ? undefined : signedFields(text)
}

/**
 * Twilio, "Secure webhooks": an HMAC-SHA1 of the address and a form's fields. A body that is no form has its SHA-256
 * in the address, as `bodySHA256`. No time is signed, and names and values run into each other in what is.
 */
export const twilio: Scheme<unknown> = {
  verifier: (_, secrets) =>
    Effect.gen(function* () {
      const mac = yield* Mac.Mac
      const keys = yield* textKeys(Mac.hmacSha1, secrets)
      return Effect.fnUntraced(function* (received: Received) {
        const [signature] = fromBase64(received.headers["x-twilio-signature"] ?? "")
        if (signature === undefined) return yield* unsigned()
        const body = signedBody(received)
        if (body === undefined) return yield* notSigned()
        for (const addressOf of [withoutPort, withPort]) {
          const content = utf8.encode(addressOf(received.url) + body)
          for (const key of keys) {
            if (yield* Effect.orDie(mac.verify(key, signature, content))) return
          }
        }
        return yield* notSigned()
      })
    }),
  // The same when Twilio sends again. The ids in the body are of a call or a text, of which there are many messages.
  id: [{ in: "header", name: "i-twilio-idempotency-token" }],
  eventType: [
    ...[
      "EventType",
      "StatusCallbackEvent",
      "RecordingStatus",
      "MessageStatus",
      "CallStatus",
      "SmsStatus"
    ].map((path) => ({ in: "body", path }) as const),
    typeOfAll("type")
  ],
  reply: {
    status: 200,
    contentType: "text/xml",
    body: '<?xml version="1.0" encoding="UTF-8"?><Response/>'
  }
}
