import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect, Redacted } from "effect"
import { eitherVerifier, type Scheme } from "../Scheme.ts"
import { checkShape, headerValue, sharedVerifier } from "./Shared.ts"
import { standardVerifier } from "./Standard.ts"

const signs = (secret: Redacted.Redacted) => Redacted.value(secret).startsWith("whsec_")

/**
 * GitLab, "Webhooks": a secret that begins with `whsec_` is a signing token, which signs by Standard Webhooks; any
 * other is a secret token, which comes in `X-Gitlab-Token` itself. The key of a retry is the first one's; the UUID of
 * an event is no id, because webhooks that set off others share it.
 */
export const gitlab: Scheme<Extract<InboundScheme, { type: "gitlab" }>> = {
  verifier: Effect.fnUntraced(function* ({ toleranceSeconds }, secrets) {
    const signing = secrets.filter(signs)
    const tokens = secrets.filter((secret) => !signs(secret))
    yield* checkShape(tokens, headerValue, "visible ASCII characters, blanks only inside")
    const byToken = yield* sharedVerifier(tokens, ({ headers }) => headers["x-gitlab-token"])
    if (signing.length === 0) return byToken
    const signed = yield* standardVerifier(() => "webhook", signing, toleranceSeconds)
    return tokens.length === 0 ? signed : eitherVerifier(signed, byToken)
  }),
  id: [
    { in: "header", name: "webhook-id" },
    { in: "header", name: "idempotency-key" }
  ],
  eventType: [{ in: "header", name: "x-gitlab-event" }],
  secretHeaders: ["x-gitlab-token"]
}
