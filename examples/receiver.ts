/**
 * Receives webhooks of DO Integrations: each is verified before anything is made of it.
 *
 * WEBHOOK_SECRETS=whsec_... node --conditions=@do-integrations/source examples/receiver.ts
 */
import { WebhookVerifier } from "@do-integrations/client/WebhookVerifier"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer, Redacted } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"

/** The endpoint's signing secret; while it is rotated the old and the new one, joined by a comma. */
const secrets = Config.map(Config.Redacted("WEBHOOK_SECRETS"), (text) =>
  Redacted.value(text)
    .split(",")
    .map((secret) => Redacted.make(secret.trim()))
)

const verifier = Layer.unwrap(Effect.map(secrets, (secrets) => WebhookVerifier.layer({ secrets })))

const receive = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const webhooks = yield* WebhookVerifier
  const { id, type } = yield* webhooks.verify({ headers: request.headers, body: yield* request.text })
  // Deliveries are made at least once: whoever acts on them remembers the id.
  yield* Effect.log(`${type} ${id}`)
  return HttpServerResponse.empty()
}).pipe(Effect.catchTag("WebhookRejected", () => Effect.succeed(HttpServerResponse.empty({ status: 401 }))))

/** Answers `POST /hooks`, on whichever server. */
export const program = HttpRouter.serve(HttpRouter.add("POST", "/hooks", receive)).pipe(
  Layer.provide(verifier)
)

if (import.meta.main) {
  program.pipe(
    Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 9000 })),
    Layer.launch,
    NodeRuntime.runMain
  )
}
