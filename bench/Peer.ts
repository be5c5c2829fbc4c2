import { Cause, Deferred, Effect, Queue, Schema, Semaphore } from "effect"
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { BenchFailure } from "./BenchFailure.ts"

/** A process of the benchmark's own that it talks with. */
export interface Peer {
  /** The next thing it says. */
  readonly hear: <A>(schema: Schema.ConstraintDecoder<A>) => Effect.Effect<A, BenchFailure>
  readonly tell: (message: object) => Effect.Effect<void>
  /** Tells and hears; others who ask wait meanwhile. */
  readonly ask: <A>(message: object, schema: Schema.ConstraintDecoder<A>) => Effect.Effect<A, BenchFailure>
}

/**
 * Runs a file of this folder in a process of its own until the scope ends. Should it end earlier, whoever listens to
 * it fails.
 *
 * @param env its whole environment
 */
export const start = Effect.fnUntraced(function* (
  file: string,
  { args = [], env = {} }: { readonly args?: ReadonlyArray<string>; readonly env?: Record<string, string> }
) {
  const said = yield* Queue.unbounded<unknown, BenchFailure>()
  const ended = yield* Deferred.make<void>()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
        execArgv: ["--conditions=@do-integrations/source"],
        env,
        stdio: ["ignore", "inherit", "inherit", "ipc"]
      })
      child.on("message", (message) => Queue.offerUnsafe(said, message))
      child.once("exit", (code, signal) => {
        Queue.failCauseUnsafe(
          said,
          Cause.fail(new BenchFailure({ problem: `${file} ended with ${code ?? signal}` }))
        )
        Deferred.doneUnsafe(ended, Effect.void)
      })
      return child
    }),
    (child) =>
      Effect.andThen(
        Effect.sync(() => child.kill("SIGKILL")),
        Deferred.await(ended)
      )
  )
  const turn = yield* Semaphore.make(1)

  const hear: Peer["hear"] = (schema) =>
    Effect.flatMap(Queue.take(said), (message) => Effect.orDie(Schema.decodeUnknownEffect(schema)(message)))
  const tell: Peer["tell"] = (message) => Effect.sync(() => void (child.connected && child.send(message)))
  return {
    hear,
    tell,
    ask: (message, schema) => turn.withPermit(Effect.andThen(tell(message), hear(schema)))
  } satisfies Peer
})
