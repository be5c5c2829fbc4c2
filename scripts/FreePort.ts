import { Effect, Random } from "effect"
import { createServer } from "node:net"

/** Below the ports that systems give to whoever asks for any (RFC 6335 begins those at 49152, Linux at 32768). */
const range = [10_000, 32_000] as const

const isFree = (port: number) =>
  Effect.callback<boolean>((resume) => {
    const server = createServer()
      .once("error", () => resume(Effect.succeed(false)))
      .listen(port, "127.0.0.1", () => server.close(() => resume(Effect.succeed(true))))
  })

/**
 * A port of 127.0.0.1 that nobody listens on, for a process that takes its time to start: whoever asks the system for
 * any port meanwhile does not get this one.
 */
export const freePort: Effect.Effect<number> = Random.nextIntBetween(...range).pipe(
  Effect.flatMap((port) => Effect.map(isFree(port), (free) => (free ? port : 0))),
  Effect.repeat({ while: (port) => port === 0 })
)
