import { MethodNotAllowed } from "@do-integrations/domain/Problem"
import { Receipt } from "@do-integrations/domain/Webhook/Inbound"
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { exchange } from "../Http/Exchange.ts"
import { Ingress } from "./Ingress.ts"

/** Where senders post to; the last segment is the webhook's token. */
const path = "/in/:token"

/** The largest message that is taken, in bytes. */
const maxBody = 1024 * 1024

const answer = HttpServerResponse.schemaJson(Receipt)

/** The way in for senders. Raw bytes: what is verified and kept is what was sent. */
export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const ingress = yield* Ingress
    const take = Effect.gen(function* () {
      const { token } = yield* HttpRouter.params
      const webhook = yield* ingress.find(token ?? "")
      const request = yield* HttpServerRequest.HttpServerRequest
      if (request.method !== "POST") return yield* new MethodNotAllowed({ allow: ["POST"] })
      const body = new Uint8Array(yield* request.arrayBuffer)
      return yield* Effect.flatMap(ingress.accept(webhook, { headers: request.headers, body }), answer)
    })
    yield* router.add("*", path, exchange({ path, maxBody })(take))
  })
)
