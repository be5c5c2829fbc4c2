import { NotFound } from "@do-integrations/domain/Problem"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { AppConfig } from "../Config.ts"
import { exchange, type Route } from "../Http/Exchange.ts"
import { makeAdmission, maxBody } from "./Admission.ts"
import { type Found, Ingress } from "./Ingress.ts"
import { ProviderIngress } from "./ProviderIngress.ts"
import { Received } from "./Received.ts"
import { Rejections } from "./Rejections.ts"

/** Where senders post to; the last segment is the webhook's token. */
const tokenPath = "/in/:token"

/** Where vendors post to that send to the platform itself. */
const providerPath = "/in/provider/:type"

/** Any other address below it: nobody's. */
const otherPath = "/in/*"

/**
 * On every answer: some hold what a tenant chose or a sender sent, and stand where the API does. No browser is to take
 * them for a page of it.
 */
const inert = HttpServerResponse.setHeaders({
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; sandbox"
})

/** An exchange with a sender, whose trace is its own. */
const answered = (path: string, body: Route["maxBody"]) => {
  const within = exchange({ path, maxBody: body, trace: "linked" })
  return <E, R>(handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
    Effect.map(within(handler), inert)
}

/** Takes a request to a webhook. Raw bytes: what is verified and kept is what was sent. */
const makeTake = Effect.gen(function* () {
  const admit = yield* makeAdmission
  const ingress = yield* Ingress
  const rejections = yield* Rejections
  const { publicUrl } = yield* AppConfig

  return Effect.fnUntraced(function* (webhook: Found) {
    const request = yield* HttpServerRequest.HttpServerRequest
    const body = yield* admit(webhook.rules, request)
    const { headers, method, url } = request
    // The address as its sender called it: some sign it, as it stands on the wire.
    const received = new Received({ method, url: publicUrl + url, headers, body })
    const reply = yield* Effect.tapErrorTag(ingress.accept(webhook, received), "InvalidSignature", () =>
      Effect.sync(() => rejections.count(webhook.id, "signature"))
    )
    return reply.body === undefined
      ? HttpServerResponse.empty({ status: reply.status })
      : HttpServerResponse.text(reply.body, {
          status: reply.status,
          contentType: reply.contentType ?? "text/plain"
        })
  })
})

/** The way in for senders. */
export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const ingress = yield* Ingress
    const providers = yield* ProviderIngress
    const take = yield* makeTake

    const ofToken = HttpRouter.params.pipe(
      Effect.flatMap(({ token }) => ingress.find(token ?? "")),
      Effect.flatMap(take)
    )
    const ofProvider = HttpRouter.params.pipe(
      Effect.flatMap(({ type }) => providers.find(type ?? "")),
      Effect.flatMap(take)
    )
    yield* router.add("*", tokenPath, answered(tokenPath, maxBody)(ofToken))
    yield* router.add("*", providerPath, answered(providerPath, maxBody)(ofProvider))
    yield* router.add("*", otherPath, answered(otherPath, 0)(Effect.fail(new NotFound())))
  })
).pipe(Layer.provide(ProviderIngress.layer))
