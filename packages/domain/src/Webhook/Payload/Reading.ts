import { Option, Schema } from "effect"

/** A payload that fits the schema of its event. */
export interface Typed<EventType extends string, Payload> {
  readonly _tag: "Typed"
  readonly eventType: EventType
  readonly payload: Payload
}

/** A payload as it came: nobody knows its event, or it does not fit. */
export interface Untyped {
  readonly _tag: "Untyped"
  /** The sender's name for what happened, where it said one. */
  readonly eventType: string | undefined
  readonly payload: Schema.Json
}

/** Passes a payload through as it came. */
export const untyped = (eventType: string | undefined, payload: Schema.Json): Untyped => ({
  _tag: "Untyped",
  eventType,
  payload
})

/** Reads a payload by the schema of its event. What does not fit passes through. */
export const read = <EventType extends string, Payload>(
  schema: Schema.Codec<Payload, unknown>,
  eventType: EventType,
  payload: Schema.Json
): Typed<EventType, Payload> | Untyped =>
  Option.match(Schema.decodeUnknownOption(schema)(payload), {
    onNone: () => untyped(eventType, payload),
    onSome: (payload) => ({ _tag: "Typed", eventType, payload })
  })
