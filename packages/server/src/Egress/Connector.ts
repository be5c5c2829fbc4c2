import { Effect, Exit, Cause } from "effect"
import { isIP, type LookupFunction } from "node:net"
import { buildConnector } from "undici"
import { ConnectFailed, EgressFailure, errorCode, Timeout, TlsFailure } from "./EgressFailure.ts"
import { type Guard, type Target, targetOf } from "./Guard.ts"

/** Milliseconds for TCP and TLS together. */
const connectTimeout = 5_000

type Connection = Exclude<Parameters<buildConnector.Callback>[1], null>

/** Hands the checked addresses to the dialler, which therefore never asks DNS itself. */
const pinned =
  (addresses: ReadonlyArray<string>): LookupFunction =>
  (_hostname, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: isIP(address) }))
    )

const connectFailure = (target: Target, error: Error) => {
  const code = errorCode(error)
  if (code === "UND_ERR_CONNECT_TIMEOUT") return new Timeout({ phase: "connect" })
  // AggregateError: every address of the name was tried.
  const tcp =
    !target.secure || error instanceof AggregateError || ("syscall" in error && error.syscall === "connect")
  return tcp ? new ConnectFailed({ code }) : new TlsFailure({ code })
}

/**
 * The one way to a socket: checks the target, then dials an address that was checked. It works below
 * undici's pools, so nothing that goes through a dispatcher built on it can connect anywhere else.
 *
 * @param ca PEM certificates trusted instead of the system's.
 */
export const make = Effect.fnUntraced(function* (guard: Guard, ca: string | undefined) {
  const run = Effect.runCallbackWith(yield* Effect.context<never>())
  const dial = Effect.fnUntraced(function* (options: buildConnector.Options) {
    // undici is not ready for an answer before its call returns.
    yield* Effect.yieldNow
    const target = targetOf(options)
    const addresses = yield* Effect.mapError(
      guard(target),
      (reason) => new EgressFailure({ host: target.hostname, reason })
    )
    const connect = buildConnector({
      lookup: pinned(addresses),
      timeout: connectTimeout,
      allowH2: false,
      maxCachedSessions: 0,
      // Stated, because NODE_TLS_REJECT_UNAUTHORIZED=0 changes the default.
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca })
    })
    return yield* Effect.callback<Connection, EgressFailure>((resume) =>
      connect(options, (error, socket) =>
        resume(
          error === null
            ? Effect.succeed(socket)
            : Effect.fail(new EgressFailure({ host: target.hostname, reason: connectFailure(target, error) }))
        )
      )
    )
  })
  const connector: buildConnector.connector = (options, callback) => {
    run(dial(options), {
      onExit: Exit.match({
        onSuccess: (socket) => callback(null, socket),
        onFailure: (cause) => {
          const error = Cause.squash(cause)
          callback(error instanceof Error ? error : new Error(String(error)), null)
        }
      })
    })
  }
  return connector
})
