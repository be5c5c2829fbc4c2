import {
  type InvalidSigningSecret,
  publicKey,
  signingKey,
  toleranceSeconds,
  type VerificationKey,
  verify as signatureHolds
} from "@do-integrations/domain/Webhook/Signature"
import { Clock, Context, Duration, Effect, Layer, Redacted, Schema } from "effect"
import { Mac, SecureRandom, Signature } from "effect/crypto"
import { envelopeOf, WebhookBody, type WebhookEnvelope } from "./WebhookEnvelope.ts"
import * as Rejected from "./WebhookRejected.ts"

/** The headers of a request: those of `fetch`, those of Node, or any record. Names in upper or lower case. */
export type WebhookHeaders =
  | { readonly get: (name: string) => string | null }
  | Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/** A request as it came in. */
export interface WebhookRequest {
  readonly headers: WebhookHeaders
  /** The body as it was on the wire: parsed and printed again it would be another one. */
  readonly body: Uint8Array | string
}

/** What webhooks are verified with. */
export interface WebhookVerifierOptions {
  /**
   * The endpoint's signing secrets (`whsec_`) or public keys (`whpk_`), any of which may have signed: give the
   * old and the new one while a secret is rotated.
   */
  readonly secrets: Redacted.Redacted | ReadonlyArray<Redacted.Redacted>
  /** How far a timestamp may be from now, in either direction; left out: 300 seconds. */
  readonly tolerance?: Duration.Input
}

const crypto = Layer.merge(Mac.layerWebCrypto, Signature.layerWebCrypto).pipe(
  Layer.provide(SecureRandom.layerWebCrypto)
)

const several = (secrets: WebhookVerifierOptions["secrets"]): ReadonlyArray<Redacted.Redacted> =>
  Redacted.isRedacted(secrets) ? [secrets] : secrets

const keyOf = (secret: Redacted.Redacted): Effect.Effect<VerificationKey, InvalidSigningSecret> =>
  Redacted.value(secret).startsWith("whpk_") ? publicKey(Redacted.value(secret)) : signingKey(secret)

const isFetchHeaders = (headers: WebhookHeaders): headers is { get: (name: string) => string | null } =>
  typeof headers["get"] === "function"

const headerOf = Effect.fnUntraced(function* (headers: WebhookHeaders, name: string) {
  const value = isFetchHeaders(headers)
    ? headers.get(name)
    : Object.entries(headers)
        .filter(([key]) => key.toLowerCase() === name)
        .flatMap(([, value]) => value ?? [])
        .join(" ")
  return value === null || value === "" ? yield* new Rejected.MissingHeader({ header: name }) : value
})

const checkAge = Effect.fnUntraced(function* (timestamp: string, tolerance: number) {
  if (!/^\d{1,12}$/.test(timestamp)) return yield* new Rejected.InvalidTimestamp()
  const seconds = Math.floor((yield* Clock.currentTimeMillis) / 1000) - Number(timestamp)
  if (seconds > tolerance) return yield* new Rejected.TooOld({ seconds })
  if (-seconds > tolerance) return yield* new Rejected.TooNew({ seconds: -seconds })
})

const decodeBody = Schema.decodeUnknownEffect(WebhookBody)

const readBody = Effect.fnUntraced(function* (body: Uint8Array) {
  const text = yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(body),
    catch: () => new Rejected.MalformedBody({ detail: "Expected UTF-8" })
  })
  return yield* Effect.mapError(
    decodeBody(text),
    ({ message }) => new Rejected.MalformedBody({ detail: message })
  )
})

const utf8 = new TextEncoder()

/**
 * Verifies the webhooks that an endpoint receives, and reads them. Runs wherever Web Crypto does: Node,
 * browsers, workers. A consumer still has to handle each `id` once: deliveries are made at least once.
 */
export class WebhookVerifier extends Context.Service<
  WebhookVerifier,
  {
    /** What a request brings, once its age and one of its signatures hold. Compares in constant time. */
    verify(request: WebhookRequest): Effect.Effect<WebhookEnvelope, Rejected.WebhookRejected>
  }
>()("@do-integrations/client/WebhookVerifier") {
  /** A verifier as a value, for programs with many endpoints. */
  static readonly make = Effect.fnUntraced(function* ({
    secrets,
    tolerance = Duration.seconds(toleranceSeconds)
  }: WebhookVerifierOptions) {
    const services = yield* Effect.context<Mac.Mac | Signature.Signature>()
    const toleratedSeconds = Duration.toSeconds(tolerance)
    const keys = yield* Effect.forEach(several(secrets), keyOf).pipe(
      Effect.mapError(({ message }) => new Rejected.InvalidSecret({ detail: message }))
    )
    if (keys.length === 0) {
      return yield* new Rejected.InvalidSecret({ detail: "Expected at least one secret" })
    }

    const verify = Effect.fn("WebhookVerifier.verify")(
      function* ({ body, headers }: WebhookRequest) {
        const id = yield* headerOf(headers, "webhook-id")
        const timestamp = yield* headerOf(headers, "webhook-timestamp")
        const signatures = yield* headerOf(headers, "webhook-signature")
        yield* checkAge(timestamp, toleratedSeconds)
        const bytes = typeof body === "string" ? utf8.encode(body) : body
        // A dot would move the borders between what is signed.
        if (id.includes(".") || !(yield* signatureHolds(keys, id, timestamp, bytes, signatures))) {
          return yield* new Rejected.NoMatchingSignature()
        }
        return envelopeOf(id, yield* readBody(bytes))
      },
      Effect.mapError((reason) => new Rejected.WebhookRejected({ reason })),
      Effect.provide(services)
    )

    return WebhookVerifier.of({ verify })
  }, Effect.provide(crypto))

  /** The verifier of one endpoint. */
  static readonly layer = (options: WebhookVerifierOptions) =>
    Layer.effect(WebhookVerifier, WebhookVerifier.make(options))
}
