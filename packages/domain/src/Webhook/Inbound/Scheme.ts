import { Schema } from "effect"
import { described } from "../../Described.ts"
import { HeaderName } from "../../Http.ts"
import { Secret } from "../../Secret.ts"
import { storable } from "../../Text.ts"
import { toleranceSeconds } from "../Signature.ts"
import { HmacTemplate } from "./HmacTemplate.ts"

/** A preset that has nothing to configure: the vendor has decided it all. */
const preset = <const Type extends string>(type: Type, description: string) =>
  Schema.Struct({ type: Schema.tag(type).pipe(described(description)) })

/**
 * How far Mailgun's signed time may be from now, in seconds, where a webhook does not say: Mailgun tries again for
 * eight hours, each time with the time and the token that it signed at first.
 */
export const mailgunToleranceSeconds = 9 * 3600

const tolerance = (leftOut: number) =>
  Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 86_400 }))).pipe(
    described(`How many seconds a signed time may be from now; left out: ${leftOut}.`)
  )

/** A preset whose sender signs a time. */
const timed = <const Type extends string>(type: Type, description: string, leftOut = toleranceSeconds) =>
  Schema.Struct({ type: Schema.tag(type).pipe(described(description)), toleranceSeconds: tolerance(leftOut) })

/** How each vendor proves its messages; the secrets are what the vendor shows, as it shows it. */
const presets = {
  standard: timed(
    "standard",
    "Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`, or `svix-` in their place; each " +
      "secret begins with `whsec_`, or is a public key and begins with `whpk_`."
  ),
  svix: timed("svix", "Svix: `svix-id`, `svix-timestamp`, `svix-signature`."),
  github: preset("github", "GitHub: `X-Hub-Signature-256` over the body, the event in `X-GitHub-Event`."),
  stripe: timed("stripe", "Stripe: `Stripe-Signature` with a time and one or more `v1`."),
  workos: timed("workos", "WorkOS: `WorkOS-Signature` with a time in milliseconds and a `v1`."),
  slack: timed("slack", "Slack: `X-Slack-Signature` over time and body; answers `url_verification`."),
  shopify: preset("shopify", "Shopify: `X-Shopify-Hmac-Sha256` over the body."),
  twilio: preset(
    "twilio",
    "Twilio: `X-Twilio-Signature` over the address and the form; the secret is the auth token."
  ),
  discord: timed("discord", "Discord: ed25519; the secret is the application's public key. Answers PING."),
  linear: timed("linear", "Linear: `Linear-Signature` over the body, which holds the time."),
  zendesk: timed("zendesk", "Zendesk: `X-Zendesk-Webhook-Signature` over time and body."),
  hubspot: timed("hubspot", "HubSpot v3: `X-HubSpot-Signature-v3` over method, address, body and time."),
  square: preset("square", "Square: `X-Square-HmacSha256-Signature` over the address and the body."),
  intercom: preset(
    "intercom",
    "Intercom: `X-Hub-Signature` (SHA-1) over the body; the secret is the client secret."
  ),
  paddle: timed("paddle", "Paddle Billing: `Paddle-Signature` with a time and one or more `h1`."),
  mailgun: timed(
    "mailgun",
    "Mailgun: time, token and signature in the body, the rest of which is not signed; the secret is the webhook " +
      "signing key. Its repetitions are told by the token alone: it takes no `dedupe`.",
    mailgunToleranceSeconds
  ),
  sendgrid: timed("sendgrid", "SendGrid: ECDSA over time and body; the secret is the verification key."),
  typeform: preset("typeform", "Typeform: `Typeform-Signature` over the body."),
  calendly: timed("calendly", "Calendly: `Calendly-Webhook-Signature` with a time and a `v1`."),
  sentry: preset("sentry", "Sentry: `Sentry-Hook-Signature` over the body; the secret is the client secret."),
  gitlab: timed(
    "gitlab",
    "GitLab: the secret token itself in `X-Gitlab-Token`; where the secret is a signing token and begins with " +
      "`whsec_`, its signature by Standard Webhooks."
  ),
  bitbucket: preset("bitbucket", "Bitbucket: `X-Hub-Signature` (SHA-256) over the body."),
  jira: preset("jira", "Jira: `X-Hub-Signature` (SHA-256 by default) over the body.")
}

/** Any service that sends an HMAC in a header. */
export const HmacScheme = Schema.Struct({
  type: Schema.tag("hmac").pipe(described("An HMAC in a header, as configured.")),
  header: HeaderName.pipe(described("The header that holds the signature.")),
  algorithm: Schema.Literals(["sha256", "sha384", "sha512"]).pipe(described("The HMAC's hash.")),
  encoding: Schema.Literals(["hex", "base64"]).pipe(described("How the signature is written.")),
  prefix: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(50), storable)).pipe(
    described("What stands before the signature in the header, such as `sha256=`.")
  ),
  timestampHeader: Schema.optionalKey(HeaderName).pipe(
    described("A header with a unix time, which is refused when it is too far from now.")
  ),
  timestampUnit: Schema.optionalKey(Schema.Literals(["seconds", "milliseconds"])).pipe(
    described("What that time is counted in; left out: seconds.")
  ),
  toleranceSeconds: tolerance(toleranceSeconds),
  template: Schema.optionalKey(HmacTemplate).pipe(
    described(
      "What is signed. Left out: `{timestamp}.{body}` where there is a `timestampHeader`, `{body}` where there is none."
    )
  ),
  secretEncoding: Schema.optionalKey(Schema.Literals(["text", "hex", "base64"])).pipe(
    described("How the key's bytes are written in the secrets; left out: they are the text itself.")
  )
}).check(
  Schema.makeFilter(({ template, timestampHeader }) =>
    template === undefined || template.includes("{timestamp}") === (timestampHeader !== undefined)
      ? undefined
      : {
          path: ["template"],
          issue: "Expected {timestamp} in the template exactly where there is a timestampHeader"
        }
  )
)

const shared = {
  basic: preset("basic", "HTTP Basic; each secret is `user:password`."),
  bearer: preset("bearer", "`Authorization: Bearer`; each secret is a token."),
  header: Schema.Struct({
    type: Schema.tag("header").pipe(described("A secret in a header.")),
    name: HeaderName.pipe(described("The header whose value is a secret."))
  }),
  none: preset(
    "none",
    "No proof at all: anybody who knows the address is believed, and every message is marked `verified: false`."
  )
}

/** How a sender proves that a message is its own. */
export const InboundScheme = Schema.Union([
  ...Object.values(presets),
  HmacScheme,
  ...Object.values(shared)
]).annotate({ identifier: "InboundScheme" })
export type InboundScheme = typeof InboundScheme.Type

/** The schemes, by their types. */
export type InboundSchemeType = InboundScheme["type"]

/** A secret that a sender proves its messages with, as the sender shows it. */
export const SigningSecret = Secret(
  Schema.String.check(storable, Schema.isMinLength(1), Schema.isMaxLength(1024))
)
