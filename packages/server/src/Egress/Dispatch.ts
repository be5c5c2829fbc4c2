import { Duration, Effect, Option } from "effect"
import * as Headers from "effect/http/Headers"
import type { Dispatcher } from "undici"
import { decode } from "./ContentEncoding.ts"
import { EgressFailure, errorCode, ProtocolError, Reset, Timeout } from "./EgressFailure.ts"

/** One outbound call of the hot path. */
export interface EgressRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string | undefined
  /** For everything: name, connection, handshake, request, the answer's last byte. */
  readonly deadline: Duration.Duration
  /** Bytes of the answer's body that are kept, received and decompressed alike. */
  readonly maxBody: number
}

/** What came back, whatever its status. */
export interface EgressResponse {
  readonly status: number
  /** Without `content-encoding` and `content-length` when the body was decompressed. */
  readonly headers: Headers.Headers
  readonly body: Uint8Array
  /** The body was longer than `maxBody`; the rest was not read and the connection is closed. */
  readonly truncated: boolean
  /** Milliseconds from the call to the last byte read. */
  readonly durationMs: number
}

/** Performs one call. Never follows a redirect, never retries; interruption closes the connection. */
export type Dispatch = (request: EgressRequest) => Effect.Effect<EgressResponse, EgressFailure>

const closed: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_SOCKET",
  "UND_ERR_INFO",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED"
])

const failure = (url: URL, error: unknown): EgressFailure => {
  if (error instanceof EgressFailure) return error
  const code = errorCode(error)
  const reason = closed.has(code) ? new Reset({ code }) : new ProtocolError({ code })
  return new EgressFailure({ host: url.hostname, reason })
}

const exchange = (
  dispatcher: Dispatcher,
  request: EgressRequest
): Effect.Effect<EgressResponse, EgressFailure> =>
  Effect.callback((resume) => {
    const { url, maxBody } = request
    const started = performance.now()
    const kept: Array<Buffer> = []
    let size = 0
    let status = 0
    let headers = Headers.empty
    let phase: Timeout["phase"] = "connect"
    let controller: Dispatcher.DispatchController | undefined
    let settled = false

    const settle = (outcome: Effect.Effect<EgressResponse, EgressFailure>) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      resume(outcome)
    }
    const succeed = (truncated: boolean) =>
      settle(
        Effect.succeed({
          status,
          headers,
          body: Buffer.concat(kept, Math.min(size, maxBody)),
          truncated,
          durationMs: performance.now() - started
        })
      )
    const abandon = (reason: Error) => {
      settled = true
      clearTimeout(timer)
      controller?.abort(reason)
    }
    const timer = setTimeout(() => {
      const error = new EgressFailure({ host: url.hostname, reason: new Timeout({ phase }) })
      settle(Effect.fail(error))
      controller?.abort(error)
    }, Duration.toMillis(request.deadline))

    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: { ...request.headers, "accept-encoding": "identity" },
        body: request.body ?? null
      },
      {
        onRequestStart(current) {
          controller = current
          phase = "headers"
          // Given up while it waited for a connection.
          if (settled) current.abort(new Error("abandoned"))
        },
        onResponseStart(_current, code, received) {
          if (code < 200) return
          status = code
          headers = Headers.fromInput(received)
          phase = "body"
        },
        onResponseData(current, chunk) {
          kept.push(chunk)
          size += chunk.length
          if (size <= maxBody) return
          succeed(true)
          current.abort(new Error("body cut"))
        },
        onResponseEnd: () => succeed(false),
        onResponseError: (_current, error) => settle(Effect.fail(failure(url, error)))
      }
    )
    return Effect.sync(() => abandon(new Error("interrupted")))
  })

const decoded = (response: EgressResponse, encoding: string, maxBody: number) =>
  Effect.map(
    decode(encoding, response.body, maxBody),
    Option.match({
      onNone: () => response,
      onSome: ({ body, truncated }): EgressResponse => ({
        ...response,
        headers: Headers.removeMany(response.headers, ["content-encoding", "content-length"]),
        body,
        truncated: truncated || response.truncated
      })
    })
  )

/**
 * The hot path over a guarded dispatcher. It carries no span: the caller's own covers it, and one more for
 * each request is a measurable part of its cost.
 */
export const make =
  (dispatcher: Dispatcher): Dispatch =>
  (request) =>
    Effect.flatMap(exchange(dispatcher, request), (response) => {
      const encoding = response.headers["content-encoding"]
      return encoding === undefined || encoding === "identity" || response.body.length === 0
        ? Effect.succeed(response)
        : decoded(response, encoding, request.maxBody)
    })
