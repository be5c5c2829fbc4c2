import type { InboundScheme, InboundSchemeType } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import type { Redacted } from "effect"
import type { Scheme, Traits } from "./Scheme.ts"
import { basic } from "./Schemes/Basic.ts"
import { bearer } from "./Schemes/Bearer.ts"
import { bitbucket } from "./Schemes/Bitbucket.ts"
import { calendly } from "./Schemes/Calendly.ts"
import { discord } from "./Schemes/Discord.ts"
import { github } from "./Schemes/GitHub.ts"
import { gitlab } from "./Schemes/GitLab.ts"
import { header } from "./Schemes/Header.ts"
import { hmac } from "./Schemes/Hmac.ts"
import { hubspot } from "./Schemes/HubSpot.ts"
import { intercom } from "./Schemes/Intercom.ts"
import { jira } from "./Schemes/Jira.ts"
import { linear } from "./Schemes/Linear.ts"
import { mailgun } from "./Schemes/Mailgun.ts"
import { none } from "./Schemes/None.ts"
import { paddle } from "./Schemes/Paddle.ts"
import { sendgrid } from "./Schemes/SendGrid.ts"
import { sentry } from "./Schemes/Sentry.ts"
import { shopify } from "./Schemes/Shopify.ts"
import { slack } from "./Schemes/Slack.ts"
import { square } from "./Schemes/Square.ts"
import { standard } from "./Schemes/Standard.ts"
import { stripe } from "./Schemes/Stripe.ts"
import { svix } from "./Schemes/Svix.ts"
import { twilio } from "./Schemes/Twilio.ts"
import { typeform } from "./Schemes/Typeform.ts"
import { workos } from "./Schemes/WorkOS.ts"
import { zendesk } from "./Schemes/Zendesk.ts"

type Configs = { readonly [Type in InboundSchemeType]: Extract<InboundScheme, { readonly type: Type }> }
type Schemes = { readonly [Type in InboundSchemeType]: Scheme<Configs[Type]> }

/** How each kind of sender proves its messages. A new one is a file of its own and a line here; a missing one is a type error. */
const schemes: Schemes = {
  standard,
  svix,
  github,
  stripe,
  workos,
  slack,
  shopify,
  linear,
  typeform,
  sentry,
  gitlab,
  bitbucket,
  jira,
  twilio,
  discord,
  zendesk,
  hubspot,
  square,
  intercom,
  paddle,
  mailgun,
  sendgrid,
  calendly,
  hmac,
  basic,
  bearer,
  header,
  none
}

const verifierFor = <Type extends InboundSchemeType>(
  type: Type,
  config: Configs[Type],
  secrets: ReadonlyArray<Redacted.Redacted>
) => schemes[type].verifier(config, secrets)

/** The verifier of a webhook, from its scheme and its secrets. */
export const verifierOf = (config: InboundScheme, secrets: ReadonlyArray<Redacted.Redacted>) =>
  verifierFor(config.type, config, secrets)

/** What a scheme knows of its sender's messages. */
export const traitsOf = (config: InboundScheme): Traits =>
  config.type === "header"
    ? { ...schemes.header, secretHeaders: [config.name.toLowerCase()] }
    : schemes[config.type]
