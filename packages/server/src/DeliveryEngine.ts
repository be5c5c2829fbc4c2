import { Layer } from "effect"
import { Claims } from "./DeliveryEngine/Claims.ts"
import { Deliver } from "./DeliveryEngine/Deliver.ts"
import { Drain } from "./DeliveryEngine/Drain.ts"
import { Endpoints } from "./DeliveryEngine/Endpoint.ts"
import * as Fanout from "./DeliveryEngine/Fanout.ts"
import { Health } from "./DeliveryEngine/Health.ts"
import * as Owner from "./DeliveryEngine/Owner.ts"
import { Settle } from "./DeliveryEngine/Settle.ts"
import { Wakeups } from "./DeliveryEngine/Wakeups.ts"

/**
 * Where events become deliveries: the event log writes them in the transaction of the events, and what commits wakes
 * the owners of its endpoints.
 */
export const intake = Fanout.layer.pipe(Layer.provideMerge(Wakeups.layer))

/** Where deliveries are made: this node's part of the owners of all endpoints. */
export const work = Owner.layer.pipe(
  Layer.provide(Drain.layer),
  Layer.provide([Claims.layer, Deliver.layer, Endpoints.layer, Health.layer, Settle.layer])
)
