import { Data, type Duration, Effect } from "effect"

/** A route could not do what it is there for. */
export class ActionFailed extends Data.TaggedError("ActionFailed")<{
  /** Why, in words that the tenant may read. */
  readonly reason: string
  /** No further attempt could help. */
  readonly final?: boolean
  /** The route is gone: what waits behind the message in its order waits for nothing. */
  readonly orphaned?: boolean
  /** The HTTP status, where it was forwarded and answered. */
  readonly status?: number
  /** How long the receiver asks to be left alone. */
  readonly retryAfter?: Duration.Duration | undefined
}> {}

/** What is known of something that was done. */
export interface Done {
  /** The HTTP status of the answer. */
  readonly status?: number
}

/** What a route does with a message. */
export type Action =
  /** Done by itself, and written down afterwards: a crash between the two does it again. */
  | { readonly type: "outside"; readonly run: Effect.Effect<Done, ActionFailed> }
  /** Done in the transaction that writes it down: once. `prepare` runs before, outside of it. */
  | {
      readonly type: "inside"
      /** It takes as long as somebody's code does; only a few such transactions are open at a time. */
      readonly slow?: boolean
      readonly prepare: Effect.Effect<void, ActionFailed>
      readonly run: Effect.Effect<void, ActionFailed>
    }

/** An action that cannot be. */
export const impossible = (failure: ActionFailed): Action => ({ type: "outside", run: Effect.fail(failure) })
