import { InvalidRequest, PayloadTooLarge, RequestTimeout } from "@do-integrations/domain/Problem"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Duration, Effect, Fiber, Stream } from "effect"
import type { HttpServerRequest } from "effect/http"
import { makeCollector } from "./ByteCollector.ts"

/** What a body is held to. */
export interface BodyLimits {
  /** Bytes. */
  readonly maxBytes: number
  /** The time from the first look at it to its last byte. */
  readonly patience: Duration.Duration
}

export type BodyRefusal = InvalidRequest | PayloadTooLarge | RequestTimeout

const unreadable = () => new InvalidRequest({ detail: "The body cannot be read" })

const tooLarge = ({ maxBytes }: BodyLimits) => new PayloadTooLarge({ maxBytes })

const tooSlow = ({ patience }: BodyLimits) =>
  new RequestTimeout({ detail: `The body was not there after ${Duration.format(patience)}` })

/** What collects a request's body, which is no longer than it declares. */
const collectorFor = (
  { headers: { "content-length": declared } }: HttpServerRequest.HttpServerRequest,
  { maxBytes }: BodyLimits
) => makeCollector(maxBytes, declared === undefined ? undefined : Number(declared))

/**
 * Reads what comes over the request's own stream. A refusal leaves the rest unread, and the connection to the server,
 * which answers first: to destroy the stream would destroy the answer too.
 */
const read = (request: HttpServerRequest.HttpServerRequest, limits: BodyLimits) =>
  Effect.callback<Uint8Array, BodyRefusal>((resume) => {
    const source = NodeHttpServerRequest.toIncomingMessage(request)
    const { add, bytes } = collectorFor(request, limits)
    let timer: NodeJS.Timeout | undefined

    const onData = (chunk: Uint8Array) => {
      if (!add(chunk)) refuse(tooLarge(limits))
    }
    const onEnd = () => {
      stop()
      resume(Effect.succeed(bytes()))
    }
    const onClose = () => refuse(unreadable())

    const stop = () => {
      clearImmediate(turn)
      clearTimeout(timer)
      source.off("data", onData).off("end", onEnd).off("close", onClose)
    }
    const refuse = (refusal: BodyRefusal) => {
      stop()
      source.pause()
      resume(Effect.fail(refusal))
    }

    // Most bodies are there in the turn of the event loop that began with their heads, and never need the timer.
    const turn = setImmediate(() => {
      timer = setTimeout(() => refuse(tooSlow(limits)), Duration.toMillis(limits.patience))
    })
    if (source.destroyed) onClose()
    else source.on("data", onData).on("end", onEnd).on("close", onClose)
    return Effect.sync(stop)
  })

/** Reads a body that the server has to ask for, or takes from the connection of a request to upgrade it. */
const readAsServed = Effect.fnUntraced(
  function* (request: HttpServerRequest.HttpServerRequest, limits: BodyLimits) {
    const { add, bytes } = collectorFor(request, limits)
    // Not interrupted by the timeout, for the same reason: it ends with its connection.
    const reading = yield* Effect.forkDetach(
      Stream.runForEach(request.stream, (chunk) => (add(chunk) ? Effect.void : Effect.fail(tooLarge(limits))))
    )
    yield* Fiber.join(reading).pipe(
      Effect.timeoutOrElse({ duration: limits.patience, orElse: () => Effect.fail(tooSlow(limits)) })
    )
    return bytes()
  },
  Effect.catchTag("HttpServerError", () => Effect.fail(unreadable()))
)

/** Reads the raw body of a request within limits. One that declares to be too large is refused unread. */
export const readBody = (
  request: HttpServerRequest.HttpServerRequest,
  limits: BodyLimits
): Effect.Effect<Uint8Array, BodyRefusal> => {
  const { expect, upgrade, "content-length": declared } = request.headers
  if (declared !== undefined && Number(declared) > limits.maxBytes) {
    return Effect.fail(tooLarge(limits))
  }
  return expect === undefined && upgrade === undefined ? read(request, limits) : readAsServed(request, limits)
}
