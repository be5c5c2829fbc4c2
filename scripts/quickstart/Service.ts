import { Effect, FileSystem, Path, Redacted } from "effect"
import { launch } from "../ServiceProcess.ts"

/**
 * The service on an empty directory, when it answers. With the scope go the process and the directory.
 *
 * @param egressAllow what `EGRESS_ALLOW` opens for it
 */
export const start = Effect.fnUntraced(function* (egressAllow: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "do-integrations-quickstart-" })
  const service = yield* launch({
    env: { DATA_DIR: path.join(directory, "data"), EGRESS_ALLOW: egressAllow }
  })
  yield* service.ready
  const rootKey = yield* fs.readFileString(path.join(directory, ".keys", "root-api-key"))
  return { pid: service.pid, url: service.url, rootKey: Redacted.make(rootKey.trim()) }
})
