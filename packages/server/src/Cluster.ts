import * as NodeClusterSocket from "@effect/platform-node/NodeClusterSocket"
import { Duration, Layer, Option } from "effect"
import {
  MessageStorage,
  RunnerAddress,
  RunnerHealth,
  Runners,
  RunnerStorage,
  Sharding,
  ShardingConfig
} from "effect/cluster"

/** How long owners get to finish what they are at when a node stops or a shard moves. */
const entityTerminationTimeout = Duration.seconds(5)

/** Owners that may be awake at a time; more are refused until some have gone. */
const maxResidentEntities = 20_000

/** One node that owns everything: no network, nothing stored. */
const single = Sharding.layer.pipe(
  Layer.provideMerge(Runners.layerNoop),
  Layer.provideMerge(MessageStorage.layerNoop),
  Layer.provide([RunnerStorage.layerMemory, RunnerHealth.layerNoop]),
  Layer.provide(ShardingConfig.layer({ entityTerminationTimeout, maxResidentEntities }))
)

/**
 * One node of several on the same Postgres. They talk over plain sockets without authentication, so the
 * address has to be a private one. The shards of a node that died are taken over within ten seconds.
 */
const member = ({ host, port }: { readonly host: string; readonly port: number }) => {
  const address = Option.some(RunnerAddress.make(host, port))
  return NodeClusterSocket.layer({
    storage: "sql",
    shardingConfig: {
      runnerAddress: address,
      runnerListenAddress: address,
      shardLockExpiration: Duration.seconds(10),
      shardLockRefreshInterval: Duration.seconds(2),
      entityTerminationTimeout,
      maxResidentEntities
    }
  })
}

/** Who owns which endpoint: this node alone, or the nodes that `CLUSTER_HOST` and `CLUSTER_PORT` bring together. */
export const layer = (address: Option.Option<{ readonly host: string; readonly port: number }>) =>
  Option.match(address, { onNone: () => Layer.fresh(single), onSome: member })
