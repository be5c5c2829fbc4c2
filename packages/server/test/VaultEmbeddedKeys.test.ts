import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Option, Path, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { inspect } from "node:util"
import { load } from "../src/Vault/EmbeddedKeys.ts"
import { KeyManagement } from "../src/Vault/KeyManagement.ts"
import * as KeyRing from "../src/Vault/KeyRing.ts"

const home = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped()
  return {
    directory,
    dataDir: path.join(directory, "data"),
    at: (...parts: Array<string>) => path.join(directory, ...parts)
  }
})

const modeOf = (file: string) =>
  FileSystem.FileSystem.use((fs) => Effect.map(fs.stat(file), ({ mode }) => (mode & 0o777).toString(8)))

layer(Layer.merge(NodeServices.layer, SecureRandom.layerWebCrypto))("EmbeddedKeys", (it) => {
  it.effect("generates keys beside the data directory and reads the same ones at the second start", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { at, dataDir } = yield* home
      const first = yield* load({ dataDir, keysDir: Option.none() })
      assert.isTrue(first.created)
      assert.strictEqual(first.rootApiKeyFile, at(".keys", "root-api-key"))
      assert.match(Redacted.value(first.rootApiKey), /^doi_root_[\w-]{43}$/)
      assert.strictEqual(yield* modeOf(at(".keys")), "700")
      assert.strictEqual(yield* modeOf(first.rootApiKeyFile), "600")
      assert.strictEqual(yield* modeOf(first.masterKeysFile), "600")
      assert.sameMembers(yield* fs.readDirectory(at(".keys")), ["master-keys", "root-api-key"])

      const ring = yield* Effect.provide(KeyManagement, KeyRing.layer(first.masterKeys, first.masterKeysFile))
      assert.match(ring.currentKeyId, /^local-[0-9a-f]{8}$/)

      yield* fs.makeDirectory(at("data", "postgres"), { recursive: true })
      const second = yield* load({ dataDir, keysDir: Option.none() })
      assert.isFalse(second.created)
      assert.strictEqual(Redacted.value(second.rootApiKey), Redacted.value(first.rootApiKey))
      assert.strictEqual(Redacted.value(second.masterKeys), Redacted.value(first.masterKeys))
      assert.notInclude(inspect(first) + JSON.stringify(first), Redacted.value(first.rootApiKey))
    })
  )

  it.effect("gives starts at the same time the same keys", () =>
    Effect.gen(function* () {
      const { at, dataDir } = yield* home
      const starts = yield* Effect.all(
        Array.from({ length: 16 }, () => load({ dataDir, keysDir: Option.some(at("elsewhere", "keys")) })),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(
        starts.filter(({ created }) => created),
        1
      )
      assert.strictEqual(new Set(starts.map(({ rootApiKey }) => Redacted.value(rootApiKey))).size, 1)
      assert.strictEqual(new Set(starts.map(({ masterKeys }) => Redacted.value(masterKeys))).size, 1)
    })
  )

  it.effect("refuses a keys directory inside the data directory, links followed", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { at, dataDir } = yield* home
      yield* fs.makeDirectory(dataDir)
      yield* fs.symlink(dataDir, at("link"))
      for (const inside of [
        dataDir,
        at("data", "keys"),
        at("data", "a", "..", "..keys"),
        at("link", "keys")
      ]) {
        const error = yield* Effect.flip(load({ dataDir, keysDir: Option.some(inside) }))
        assert.include(error.message, "KEYS_DIR")
        assert.include(error.message, "inside DATA_DIR")
      }
      assert.deepStrictEqual(yield* fs.readDirectory(dataDir), [])
      const beside = yield* load({ dataDir, keysDir: Option.some(at("data-keys")) })
      assert.isTrue(beside.created)
    })
  )

  it.effect.each(["master-keys", "root-api-key"])(
    "refuses an existing database whose file %s is missing",
    (name) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const { at, dataDir } = yield* home
        yield* load({ dataDir, keysDir: Option.none() })
        yield* fs.makeDirectory(at("data", "postgres"), { recursive: true })
        yield* fs.remove(at(".keys", name))
        const error = yield* Effect.flip(load({ dataDir, keysDir: Option.none() }))
        assert.strictEqual(error.source, at(".keys", name))
        assert.include(error.message, "Restore the file")
        assert.isFalse(yield* fs.exists(at(".keys", name)))
      })
  )

  it.effect("refuses a root key of another form without showing it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { at, dataDir } = yield* home
      yield* load({ dataDir, keysDir: Option.none() })
      yield* fs.writeFileString(at(".keys", "root-api-key"), "hunter2")
      const error = yield* Effect.flip(load({ dataDir, keysDir: Option.none() }))
      assert.include(error.message, at(".keys", "root-api-key"))
      assert.notInclude(error.message + inspect(error), "hunter2")
    })
  )

  it.effect("names KEYS_DIR when it cannot be made", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { at, dataDir } = yield* home
      yield* fs.writeFileString(at("file"), "")
      const error = yield* Effect.flip(load({ dataDir, keysDir: Option.some(at("file", "keys")) }))
      assert.match(error.message, /^KEYS_DIR: /)
    })
  )
})
