import { Duration, Effect, Stream } from "effect"
import { HttpBody, type HttpEffect, HttpServerResponse } from "effect/http"

/** How often a quiet stream says something. Proxies and clients give up on silence after 30 s or more. */
const interval = Duration.seconds(15)

/** A comment of server-sent events, which every client skips. */
const comment = new TextEncoder().encode(":\n\n")

/**
 * Keeps a stream of server-sent events alive by comments. The first comes at once: a client would otherwise
 * learn only with the first event that it is connected.
 */
export const keepAlive: HttpEffect.PreResponseHandler = (_request, response) => {
  const { body } = response
  if (body._tag !== "Stream") return Effect.succeed(response)
  const comments = Stream.map(Stream.tick(interval), () => comment)
  const stream = Stream.merge(body.stream, comments, { haltStrategy: "left" })
  return Effect.succeed(HttpServerResponse.setBody(response, HttpBody.stream(stream, body.contentType)))
}
