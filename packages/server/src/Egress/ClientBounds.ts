import type { Dispatcher } from "undici"
import { EgressFailure, Timeout } from "./EgressFailure.ts"

/** Milliseconds a call may take. */
export interface Bounds {
  /** Silence before the headers, and between two pieces of the body. */
  readonly idle: number
  /** The whole call, from DNS to the last byte. */
  readonly total: number
}

/**
 * Bounds in time for callers that bring none, against a peer that hangs or drips. As an interceptor, because
 * the general client overrides the timeouts of the dispatcher itself.
 */
export const clientBounds =
  (bounds: Bounds): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) => {
    let controller: Dispatcher.DispatchController | undefined
    let phase: Timeout["phase"] = "connect"
    let late: EgressFailure | undefined
    const timer = setTimeout(() => {
      const host = options.origin === undefined ? "" : new URL(options.origin).hostname
      late = new EgressFailure({ host, reason: new Timeout({ phase }) })
      controller?.abort(late)
    }, bounds.total)
    return dispatch(
      { ...options, headersTimeout: bounds.idle, bodyTimeout: bounds.idle },
      {
        onRequestStart(current, context) {
          controller = current
          phase = "headers"
          handler.onRequestStart?.(current, context)
          if (late !== undefined) current.abort(late)
        },
        onRequestUpgrade(...args) {
          clearTimeout(timer)
          handler.onRequestUpgrade?.(...args)
        },
        onResponseStart(...args) {
          phase = "body"
          handler.onResponseStart?.(...args)
        },
        onResponseData: (...args) => handler.onResponseData?.(...args),
        onResponseEnd(...args) {
          clearTimeout(timer)
          handler.onResponseEnd?.(...args)
        },
        onResponseError(...args) {
          clearTimeout(timer)
          handler.onResponseError?.(...args)
        }
      }
    )
  }
