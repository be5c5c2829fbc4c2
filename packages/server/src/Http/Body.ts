import { InvalidRequest, PayloadTooLarge, RequestTimeout } from "@do-integrations/domain/Problem"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Duration, Effect, Fiber } from "effect"
import { HttpServerError, type HttpServerRequest } from "effect/http"

/** What a body is held to. */
export interface BodyLimits {
  /** Bytes. */
  readonly maxBytes: number
  /** The time from the first look at it to its last byte. */
  readonly patience: Duration.Duration
}

export type BodyRefusal = InvalidRequest | PayloadTooLarge | RequestTimeout

const unreadable = () => new InvalidRequest({ detail: "The body cannot be read" })

const tooSlow = ({ patience }: BodyLimits) =>
  new RequestTimeout({ detail: `The body was not there after ${Duration.format(patience)}` })

const joined = (chunks: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/**
 * Reads what comes over the request's own stream. A refusal leaves the rest unread, and the connection to the server,
 * which answers first: to destroy the stream would destroy the answer too.
 */
const read = (request: HttpServerRequest.HttpServerRequest, limits: BodyLimits) =>
  Effect.callback<Uint8Array, BodyRefusal>((resume) => {
    const source = NodeHttpServerRequest.toIncomingMessage(request)
    const chunks: Array<Uint8Array> = []
    let length = 0
    let timer: NodeJS.Timeout | undefined

    const onData = (chunk: Uint8Array) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > limits.maxBytes) refuse(new PayloadTooLarge({ maxBytes: limits.maxBytes }))
    }
    const onEnd = () => {
      stop()
      resume(Effect.succeed(joined(chunks, length)))
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
    // Not interrupted by the timeout, for the same reason: it ends with its connection.
    const reading = yield* Effect.forkDetach(request.arrayBuffer)
    const body = yield* Fiber.join(reading).pipe(
      Effect.timeoutOrElse({ duration: limits.patience, orElse: () => Effect.fail(tooSlow(limits)) })
    )
    return new Uint8Array(body)
  },
  (self, _request, limits) =>
    Effect.catchTag(self, "HttpServerError", ({ reason }) =>
      Effect.fail(
        reason instanceof HttpServerError.RequestParseError && reason.reason === "BodyTooLarge"
          ? new PayloadTooLarge({ maxBytes: limits.maxBytes })
          : unreadable()
      )
    )
)

/** Reads the raw body of a request within limits. One that declares to be too large is refused unread. */
export const readBody = (
  request: HttpServerRequest.HttpServerRequest,
  limits: BodyLimits
): Effect.Effect<Uint8Array, BodyRefusal> => {
  const { expect, upgrade, "content-length": declared } = request.headers
  if (declared !== undefined && Number(declared) > limits.maxBytes) {
    return Effect.fail(new PayloadTooLarge({ maxBytes: limits.maxBytes }))
  }
  return expect === undefined && upgrade === undefined ? read(request, limits) : readAsServed(request, limits)
}
