import { NodeHttpServer } from "@effect/platform-node"
import { Context, Deferred, Effect, Layer, Queue, Redacted, Schema } from "effect"
import { HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { Webhook } from "standardwebhooks"
import { Surprise } from "./Report.ts"

/** The body of a delivery. */
const Payload = Schema.Struct({ type: Schema.String, timestamp: Schema.String, data: Schema.Json })

/** A delivery whose signature held. */
export interface Delivery {
  /** `webhook-id`: the event's id, the same on every repetition. */
  readonly id: string
  readonly payload: typeof Payload.Type
}

/** Somebody else's server, which takes deliveries and believes only what the standardwebhooks package verifies. */
export class Receiver extends Context.Service<
  Receiver,
  {
    readonly url: string
    /** The secret that deliveries have to be signed with; those that come earlier wait for it. */
    trust(secret: Redacted.Redacted): Effect.Effect<void>
    /** The next delivery, once it is verified. */
    readonly next: Effect.Effect<Delivery, Surprise>
  }
>()("@do-integrations/scripts/quickstart/Receiver") {
  static readonly layer = Layer.effect(
    Receiver,
    Effect.gen(function* () {
      const trusted = yield* Deferred.make<Webhook>()
      const deliveries = yield* Queue.unbounded<Delivery, Surprise>()

      const verify = Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        const webhook = yield* Deferred.await(trusted)
        const body = yield* request.text
        const verified = yield* Effect.try({
          try: () => webhook.verify(body, { ...request.headers }),
          catch: (cause) => new Surprise({ claim: "every delivery verifies", found: String(cause) })
        })
        const payload = yield* Schema.decodeUnknownEffect(Payload)(verified)
        return { id: request.headers["webhook-id"] ?? "", payload }
      }).pipe(
        Effect.mapError((cause) => new Surprise({ claim: "every delivery verifies", found: cause.message }))
      )

      yield* HttpServer.serveEffect(
        verify.pipe(
          Effect.flatMap((delivery) => Queue.offer(deliveries, delivery)),
          Effect.as(HttpServerResponse.empty({ status: 204 })),
          Effect.catch((surprise) =>
            Effect.as(Queue.fail(deliveries, surprise), HttpServerResponse.empty({ status: 400 }))
          )
        )
      )
      const { address } = yield* HttpServer.HttpServer
      return Receiver.of({
        url: address._tag === "InetAddressV4" ? `http://127.0.0.1:${address.port}/hooks` : "no address",
        trust: (secret) => Effect.asVoid(Deferred.succeed(trusted, new Webhook(Redacted.value(secret)))),
        next: Queue.take(deliveries)
      })
    })
  ).pipe(Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })))
}
