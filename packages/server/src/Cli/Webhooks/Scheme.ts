import { HeaderName } from "@do-integrations/domain/Http"
import { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect, Schema } from "effect"
import { Flag } from "effect/cli"
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
  template: field(
    "template",
    Flag.String("template").pipe(Flag.withDescription("hmac: what is signed, such as v0:{timestamp}:{body}"))
  )
}

interface Flags {
  readonly type: InboundScheme["type"]
  readonly header: string
  readonly algorithm: string
  readonly encoding: string
  readonly prefix: { readonly prefix?: string }
  readonly timestampHeader: { readonly timestampHeader?: string }
  readonly template: { readonly template?: string }
}

const decode = Schema.decodeUnknownEffect(InboundScheme)

/** The scheme that the flags mean. What a scheme does not have is left out of it. */
export const schemeOf = ({ header, prefix, template, timestampHeader, ...rest }: Flags) =>
  Effect.mapError(
    decode({ ...rest, ...prefix, ...timestampHeader, ...template, header, name: header }),
    (error) => unusable(error.message)
  )
