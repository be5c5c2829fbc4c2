import { HeaderName } from "@do-integrations/domain/Http"
import { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect, Schema } from "effect"
import { type Command, Flag } from "effect/cli"
import { unusable } from "../Failure.ts"
import { field } from "../Input.ts"

/** How a sender proves its messages: the vendor's name, or how an HMAC or a secret is sent. */
export const schemeFlags = {
  type: Flag.Literals(
    "scheme",
    InboundScheme.members.map(({ fields }) => fields.type.schema.literal)
  ).pipe(Flag.withDescription("How the sender proves its messages")),
  header: Flag.String("header").pipe(
    Flag.withDescription("hmac, header: the header that holds the signature or the secret"),
    Flag.withSchema(HeaderName),
    Flag.withDefault("X-Signature")
  ),
  algorithm: Flag.Literals("algorithm", ["sha256", "sha384", "sha512"]).pipe(
    Flag.withDescription("hmac: its hash"),
    Flag.withDefault("sha256")
  ),
  encoding: Flag.Literals("encoding", ["hex", "base64"]).pipe(
    Flag.withDescription("hmac: how it is written"),
    Flag.withDefault("hex")
  ),
  optional: {
    prefix: field(
      "prefix",
      Flag.String("prefix").pipe(
        Flag.withDescription("hmac: what stands before the signature, such as sha256=")
      )
    ),
    timestampHeader: field(
      "timestampHeader",
      Flag.String("timestamp-header").pipe(
        Flag.withDescription("hmac: the header with the signed time"),
        Flag.withSchema(HeaderName)
      )
    ),
    timestampUnit: field(
      "timestampUnit",
      Flag.Literals("timestamp-unit", ["seconds", "milliseconds"]).pipe(
        Flag.withDescription("hmac: what the signed time is counted in, seconds if left out")
      )
    ),
    toleranceSeconds: field(
      "toleranceSeconds",
      Flag.Int("tolerance").pipe(
        Flag.withDescription(
          "hmac and vendors that sign a time: how many seconds it may be from now, 1 to 86400; 300 if left out, 32400 for mailgun"
        )
      )
    ),
    template: field(
      "template",
      Flag.String("template").pipe(
        Flag.withDescription("hmac: what is signed, such as v0:{timestamp}:{body}")
      )
    ),
    secretEncoding: field(
      "secretEncoding",
      Flag.Literals("secret-encoding", ["text", "hex", "base64"]).pipe(
        Flag.withDescription("hmac: how the key's bytes are written in the secret, text if left out")
      )
    )
  }
}

const decode = Schema.decodeUnknownEffect(InboundScheme)

/** The scheme that the flags mean. What it does not have cannot be given, but for what is always there. */
export const schemeOf = Effect.fnUntraced(function* ({
  optional,
  header,
  ...always
}: Command.Command.Config.Infer<typeof schemeFlags>) {
  const given = {
    ...optional.prefix,
    ...optional.timestampHeader,
    ...optional.timestampUnit,
    ...optional.toleranceSeconds,
    ...optional.template,
    ...optional.secretEncoding
  }
  const scheme = yield* Effect.mapError(decode({ ...always, ...given, header, name: header }), (error) =>
    unusable(error.message)
  )
  const idle = Object.keys(given).find((name) => !(name in scheme))
  if (idle !== undefined) return yield* unusable(`Scheme ${scheme.type} has no ${idle}.`)
  return scheme
})
