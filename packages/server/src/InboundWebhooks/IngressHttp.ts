import { NotFound } from "@do-integrations/domain/Problem"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { AppConfig } from "../Config.ts"
import { exchange } from "../Http/Exchange.ts"
import { makeAdmission } from "./Admission.ts"
import { type Found, Ingress } from "./Ingress.ts"
import { ProviderIngress } from "./ProviderIngress.ts"
import { Received } from "./Received.ts"
import { Rejections } from "./Rejections.ts"
import type { Reply } from "./Scheme.ts"

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
const inert = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; sandbox"
}

const isInert = ({ headers }: HttpServerResponse.HttpServerResponse) => "content-security-policy" in headers

/** An exchange with a sender, whose trace is its own. */
const answered = (path: string) => {
  const within = exchange({ path, trace: "linked" })
  return <E, R>(handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
    Effect.map(within(handler), (response) =>
      isInert(response) ? response : HttpServerResponse.setHeaders(response, inert)
    )
}

const responseOf = ({ body, contentType = "text/plain", status }: Reply) =>
  body === undefined
    ? HttpServerResponse.empty({ status, headers: inert })
    : HttpServerResponse.text(body, { status, contentType, headers: inert })

/** Takes a request to a webhook. Raw bytes: what is verified and kept is what was sent. */
const makeTake = Effect.gen(function* () {
  const admit = yield* makeAdmission
  const ingress = yield* Ingress
  const rejections = yield* Rejections
  const { publicUrl } = yield* AppConfig

  return (webhook: Found) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      Effect.flatMap(admit(webhook.rules, request), (body) => {
        const { headers, method, url } = request
        // The address as its sender called it: some sign it, as it stands on the wire.
        const received = new Received({ method, url: publicUrl + url, headers, body })
        return ingress.accept(webhook, received).pipe(
          Effect.tapErrorTag("InvalidSignature", () =>
            Effect.sync(() => rejections.count(webhook.id, "signature"))
          ),
          Effect.map(responseOf)
        )
      })
    )
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
    yield* router.add("*", tokenPath, answered(tokenPath)(ofToken))
    yield* router.add("*", providerPath, answered(providerPath)(ofProvider))
    yield* router.add("*", otherPath, answered(otherPath)(Effect.fail(new NotFound())))
  })
).pipe(Layer.provide(ProviderIngress.layer))
