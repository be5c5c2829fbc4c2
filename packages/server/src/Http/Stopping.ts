import { Context, Deferred, Effect, Layer } from "effect"

/**
 * Tells answers without an end that the service stops: a server waits for its answers, so they have to end
 * before it does.
 */
export class Stopping extends Context.Service<
  Stopping,
  {
    /** Returns once the service stops. */
    readonly await: Effect.Effect<void>
    /** Ends all that wait. */
    readonly begin: Effect.Effect<void>
  }
>()("@do-integrations/server/Http/Stopping") {
  static readonly layer = Layer.effect(
    Stopping,
    Effect.map(Deferred.make<void>(), (stopping) => ({
      await: Deferred.await(stopping),
      begin: Effect.asVoid(Deferred.succeed(stopping, undefined))
    }))
  )
}
