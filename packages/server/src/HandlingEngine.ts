import { Layer } from "effect"
import * as Owner from "./HandlingEngine/Owner.ts"
import { Settle } from "./HandlingEngine/Settle.ts"
import { HandlingWakeups } from "./HandlingEngine/Wakeups.ts"

/** What the way in tells of new messages, once they have committed. */
export const intake = HandlingWakeups.layer

/** Where messages are handled: this node's part of the owners of all inbound webhooks. */
export const work = Owner.layer.pipe(Layer.provide(Settle.layer))
