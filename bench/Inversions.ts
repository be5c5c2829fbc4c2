import type { Arrival } from "./RecorderProtocol.ts"

/** Where an event stands in an order, by the database. */
export interface Place {
  readonly eventId: string
  readonly sequence: number
  readonly orderingKey?: string
}

/**
 * What an ordered endpoint was sent out of order: an event after one of its key with a later sequence, or beside
 * another of its key. An event that comes again is in order as long as no later one of its key has come.
 */
export const inversionsIn = (
  arrivals: ReadonlyArray<Arrival>,
  places: ReadonlyArray<Place>
): ReadonlyArray<string> => {
  const placeOf = new Map(places.map((place) => [place.eventId, place]))
  const reached = new Map<string, number>()
  const faults: Array<string> = []
  for (const { events, overlaps } of arrivals) {
    for (const { id } of events) {
      const { orderingKey, sequence } = placeOf.get(id) ?? {}
      if (orderingKey === undefined || sequence === undefined) {
        faults.push(`${id} has no place in any order`)
        continue
      }
      if (overlaps) faults.push(`${id} came beside another of ${orderingKey}`)
      const last = reached.get(orderingKey) ?? 0
      if (sequence < last)
        faults.push(`${id}, number ${sequence} of ${orderingKey}, came after number ${last}`)
      else reached.set(orderingKey, sequence)
    }
  }
  return faults
}
