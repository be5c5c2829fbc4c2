import type { InboundScheme, InboundSchemeType } from "@do-integrations/domain/Webhook/Inbound/Scheme"

/** What a sender is made to say. It stands where the vendor has it, and nowhere where the vendor has no place for it. */
export interface Said {
  readonly id: string
  readonly eventType: string
  /** Any text, of which the vendor makes a part of its body. */
  readonly text: string
  /** When it is sent, in unix milliseconds; whole seconds. */
  readonly at: number
}

/** A request as it comes in: header names in lower case. */
export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A secret as the vendor shows it to its users, and how the vendor signs with it (or with what belongs to it). */
export interface SenderKey {
  readonly secret: string
  readonly send: (said: Said) => Sent
}

/** What of a request a scheme proves: each of these, changed in any of its bytes, is refused. */
export interface Proves {
  readonly body: boolean
  /** Headers of the signed request, in lower case. Each of them is refused too when it is missing. */
  readonly headers: ReadonlyArray<string>
  /** The address with its query. */
  readonly url?: true
  readonly method?: true
  /** The signed time: how far from now it may be, in seconds. Left out where the vendor signs none. */
  readonly toleranceSeconds?: number
  /** Set where nothing is proved at all, not even the secret. */
  readonly nothing?: true
}

/** A kind of sender, for tests of what all of them have in common. */
export interface SchemeSender<Type extends InboundSchemeType = InboundSchemeType> {
  readonly config: InboundScheme & { readonly type: Type }
  /** Two keys, the second in place of the first after a rotation. */
  readonly keys: readonly [SenderKey, SenderKey]
  readonly proves: Proves
  /** What the scheme has to read of a request that says so; left out where the vendor has no place for it. */
  readonly reads: (said: Said) => { readonly id?: string; readonly eventType?: string }
}

/** The address that tests call. */
export const address = "https://hooks.example/in/token?tenant=acme"

/** A request that posts JSON, unless its headers say otherwise. */
export const post = (body: string, headers: Sent["headers"]): Sent => ({
  method: "POST",
  url: address,
  headers: { "content-type": "application/json", ...headers },
  body
})

/** A sender whose keys are made alike of two secrets. */
export const sender = <Type extends InboundSchemeType>(
  config: SchemeSender<Type>["config"],
  proves: Proves,
  reads: SchemeSender["reads"],
  secrets: readonly [string, string],
  send: (secret: string, said: Said) => Sent
): SchemeSender<Type> => {
  const keyOf = (secret: string): SenderKey => ({ secret, send: (said) => send(secret, said) })
  return { config, proves, reads, keys: [keyOf(secrets[0]), keyOf(secrets[1])] }
}
