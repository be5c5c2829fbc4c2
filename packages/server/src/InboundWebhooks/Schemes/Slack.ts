import { valueAt } from "@do-integrations/domain/Webhook/DataPath"
import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Bytes, Effect, Option, Schema } from "effect"
import type { Received } from "../Received.ts"
import { hmacVerifier, millisOf, type Place, type Scheme } from "../Scheme.ts"
import { fromHex, stripped } from "./Encodings.ts"
import { sha256Keys } from "./Keys.ts"

const utf8 = new TextEncoder()
const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Json))

const textAt = (payload: Option.Option<Schema.Json>, path: string): string | undefined => {
  const value = Option.isSome(payload) ? valueAt(payload.value, path) : undefined
  return typeof value === "string" && value !== "" ? value : undefined
}

/** What stands in an interaction: a form whose field `payload` holds JSON. */
const inInteraction =
  (path: string): Place =>
  ({ payload }) => {
    const inner = textAt(payload, "payload")
    return inner === undefined ? undefined : textAt(decodeJson(inner), path)
  }

/** An address is proved by its challenge; the commands' one is asked now and then whether it is still there. */
const challenge = ({ payload }: Received) => {
  if (textAt(payload, "type") === "url_verification") {
    const body = textAt(payload, "challenge")
    return body === undefined ? undefined : { status: 200, contentType: "text/plain", body }
  }
  return textAt(payload, "ssl_check") === "1" ? { status: 200 } : undefined
}

/**
 * Slack, "Verifying requests from Slack": an HMAC of version, time and body. Events are JSON, slash commands and
 * interactions are forms. The answer is empty: people are shown what a command is answered.
 */
export const slack: Scheme<Extract<InboundScheme, { type: "slack" }>> = {
  verifier: ({ toleranceSeconds }, secrets) =>
    Effect.flatMap(sha256Keys(secrets), (keys) =>
      hmacVerifier(
        keys,
        ({ body, headers }) => {
          const timestamp = headers["x-slack-request-timestamp"] ?? ""
          return {
            signatures: stripped(headers["x-slack-signature"], "v0=").flatMap(fromHex),
            content: Bytes.concat([utf8.encode(`v0:${timestamp}:`), body]),
            at: millisOf(timestamp)
          }
        },
        toleranceSeconds
      )
    ),
  id: [{ in: "body", path: "event_id" }, { in: "body", path: "trigger_id" }, inInteraction("trigger_id")],
  eventType: [
    { in: "body", path: "event.type" },
    { in: "body", path: "command" },
    { in: "body", path: "type" },
    inInteraction("type")
  ],
  reply: { status: 200 },
  challenge
}
