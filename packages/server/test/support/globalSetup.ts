import { NodeServices } from "@effect/platform-node"
import { Effect, Exit, Scope } from "effect"
import { randomUUID } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import * as Embedded from "../../src/Sql/Embedded.ts"
import { migrate } from "../../src/Sql/Migrations.ts"
import * as Sql from "../../src/Sql.ts"
import { administer, type Template, temporaryDirectory, urlOf } from "./TestDatabase.ts"

const embedded = Effect.gen(function* () {
  const directory = yield* temporaryDirectory
  const dataDir = join(directory, "template")
  const dump = join(directory, "template.tar")
  yield* Effect.provide(migrate, Sql.layer({ _tag: "Embedded", dataDir }))
  const blob = yield* Embedded.dump(dataDir)
  yield* Effect.promise(() => writeFile(dump, blob.stream()))
  return { _tag: "Embedded", dataDir, dump } satisfies Template
})

const postgres = Effect.fnUntraced(function* (url: string) {
  const name = `do_integrations_test_${randomUUID().slice(0, 8)}`
  yield* Effect.acquireRelease(administer(url, `CREATE DATABASE ${name}`), () =>
    administer(url, `DROP DATABASE ${name} WITH (FORCE)`)
  )
  yield* Effect.provide(migrate, Sql.layer({ _tag: "Postgres", url: urlOf(url, name) }))
  return { _tag: "Postgres", url, name } satisfies Template
})

/**
 * Migrates one database for the whole run, embedded or on the server of `TEST_DATABASE_URL`; every test file works
 * on a copy of it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const url = process.env.TEST_DATABASE_URL
  const scope = Scope.makeUnsafe()
  const template: Effect.Effect<Template, unknown, Scope.Scope> = Effect.provide(
    Effect.suspend((): Effect.Effect<Template, unknown, Scope.Scope | NodeServices.NodeServices> =>
      url === undefined ? embedded : postgres(url)
    ),
    NodeServices.layer
  )
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  try {
    project.provide("testDatabase", await Effect.runPromise(Scope.provide(template, scope)))
    return close
  } catch (cause) {
    await close()
    throw cause
  }
}
