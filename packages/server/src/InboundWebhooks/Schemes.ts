import type { InboundScheme, InboundSchemeType } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect, type Redacted } from "effect"
import type { Scheme, Traits } from "./Scheme.ts"
import { github } from "./Schemes/GitHub.ts"
import { hmac } from "./Schemes/Hmac.ts"
import { standard } from "./Schemes/Standard.ts"

type Configs = { readonly [Type in InboundSchemeType]: Extract<InboundScheme, { readonly type: Type }> }
type Schemes = { readonly [Type in InboundSchemeType]?: Scheme<Configs[Type]> }

/** How each kind of sender proves its messages. A new one is a file of its own and a line here. */
const schemes: Schemes = {
  standard,
  github,
  hmac
}

const verifierFor = <Type extends InboundSchemeType>(
  type: Type,
  config: Configs[Type],
  secrets: ReadonlyArray<Redacted.Redacted>
) => schemes[type]?.verifier(config, secrets) ?? Effect.die(new Error("A scheme that is not there"))

/** The verifier of a webhook, from its scheme and its secrets. */
export const verifierOf = (config: InboundScheme, secrets: ReadonlyArray<Redacted.Redacted>) =>
  verifierFor(config.type, config, secrets)

/** What a scheme knows of its sender's messages. */
export const traitsOf = ({ type }: InboundScheme): Traits => schemes[type] ?? {}
