import { valueAt } from "@do-integrations/domain/Webhook/DataPath"
import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect, Option } from "effect"
import type { Received } from "../Received.ts"
import { checkFresh, type Scheme } from "../Scheme.ts"
import { fromHex } from "./Encodings.ts"
import { overBody } from "./OverBody.ts"

/** When it was sent, in unix milliseconds: a part of the body, and so of what is signed. */
const sentAt = ({ payload }: Received): number => {
  const at = Option.isSome(payload) ? valueAt(payload.value, "webhookTimestamp") : undefined
  return typeof at === "number" ? at : Number.NaN
}

const signed = overBody({ header: "linear-signature", decode: fromHex })

/** Linear, "Webhooks, Securing webhooks": an HMAC of the body, which holds the time. Read once it is proved. */
export const linear: Scheme<Extract<InboundScheme, { type: "linear" }>> = {
  verifier: (config, secrets) =>
    Effect.map(
      signed(config, secrets),
      (verify) => (received) =>
        Effect.andThen(
          verify(received),
          Effect.suspend(() => checkFresh(sentAt(received), config.toleranceSeconds))
        )
    ),
  id: [{ in: "header", name: "linear-delivery" }],
  eventType: [{ in: "body", path: "type" }]
}
