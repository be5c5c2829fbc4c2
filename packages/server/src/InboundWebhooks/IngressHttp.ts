import { MethodNotAllowed } from "@do-integrations/domain/Problem"
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { AppConfig } from "../Config.ts"
import { exchange } from "../Http/Exchange.ts"
import { Ingress } from "./Ingress.ts"
import { Received } from "./Received.ts"

/** Where senders post to; the last segment is the webhook's token. */
const path = "/in/:token"

/** The largest message that is taken, in bytes. */
const maxBody = 1024 * 1024

/** The way in for senders. Raw bytes: what is verified and kept is what was sent. */
export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const ingress = yield* Ingress
    const { publicUrl } = yield* AppConfig
    const take = Effect.gen(function* () {
      const { token } = yield* HttpRouter.params
      const webhook = yield* ingress.find(token ?? "")
      const request = yield* HttpServerRequest.HttpServerRequest
      if (request.method !== "POST") return yield* new MethodNotAllowed({ allow: ["POST"] })
      const body = new Uint8Array(yield* request.arrayBuffer)
      const { headers, method, url } = request
      const reply = yield* ingress.accept(
        webhook,
        new Received({ method, url: publicUrl + url, headers, body })
      )
      return reply.body === undefined
        ? HttpServerResponse.empty({ status: reply.status })
        : HttpServerResponse.text(reply.body, {
            status: reply.status,
            contentType: reply.contentType ?? "text/plain"
          })
    })
    yield* router.add("*", path, exchange({ path, maxBody })(take))
  })
)
