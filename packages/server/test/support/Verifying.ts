import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { Effect, Layer, Redacted } from "effect"
import { identifier } from "../../src/InboundWebhooks/Identify.ts"
import { Received } from "../../src/InboundWebhooks/Received.ts"
import type { Verifier } from "../../src/InboundWebhooks/Scheme.ts"
import { traitsOf, verifierOf } from "../../src/InboundWebhooks/Schemes.ts"
import * as Hmac from "../../src/Hmac.ts"
import type { Sent } from "./SchemeSender.ts"

const utf8 = new TextEncoder()

/** The crypto that the service verifies with. */
export const crypto = Layer.merge(Hmac.layer, NodeCrypto.layerSignature)

/** A request as the way in sees it, with other bytes as its body if they are given. */
export const received = (sent: Sent, body: Uint8Array = utf8.encode(sent.body)) =>
  new Received({ ...sent, body })

/** The verifier of a webhook with these secrets. */
export const verifying = (config: InboundScheme, ...secrets: ReadonlyArray<string>) =>
  verifierOf(
    config,
    secrets.map((text) => Redacted.make(text))
  )

/** Whether a verifier takes a request. */
export const holds = (verify: Verifier, request: Received) =>
  verify(request).pipe(
    Effect.as(true),
    Effect.catchTag("InvalidSignature", () => Effect.succeed(false))
  )

/** Whether a scheme takes a request under secrets, of which there is one at least. */
export const takes = (config: InboundScheme, secrets: ReadonlyArray<string>, sent: Sent) =>
  Effect.flatMap(verifying(config, ...secrets), (verify) => holds(verify, received(sent)))

/** What a scheme's vendor says of a request: its id and its event type. */
export const readBy = (config: InboundScheme, sent: Sent) => {
  const { eventType, externalId } = identifier({}, traitsOf(config))(received(sent))
  return { id: externalId, eventType }
}

/** What a request is answered that is no message; undefined where it is one. */
export const challengeOf = (config: InboundScheme, sent: Sent) => traitsOf(config).challenge?.(received(sent))
