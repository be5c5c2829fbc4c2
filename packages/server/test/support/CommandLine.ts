import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { ConfigProvider, Console, Effect, Layer, Ref, Stdio, Stream } from "effect"
import { Command } from "effect/cli"
import { HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Cli from "../../src/Cli.ts"

/** A request as the service got it. */
interface Asked {
  readonly request: string
  readonly authorization: string | undefined
  readonly body: string
}

/** A problem document as an answer. */
export const problem = (status: number, name: string, title: string, more: object = {}) =>
  HttpServerResponse.jsonUnsafe(
    { type: `urn:do-integrations:problem:${name}`, status, title, ...more },
    { status, contentType: "application/problem+json" }
  )

/** A service that knows these answers, by method and path with query, and keeps what it was asked. */
export const service = (answers: Readonly<Record<string, HttpServerResponse.HttpServerResponse>>) =>
  Effect.gen(function* () {
    const asked = yield* Ref.make<ReadonlyArray<Asked>>([])
    const context = yield* Layer.build(
      HttpServer.serve(
        Effect.gen(function* () {
          const { headers, method, text, url } = yield* HttpServerRequest.HttpServerRequest
          const one = { request: `${method} ${url}`, authorization: headers.authorization, body: yield* text }
          yield* Ref.update(asked, (all) => [...all, one])
          return answers[one.request] ?? problem(404, "not-found", `Unexpected ${one.request}`)
        })
      ).pipe(Layer.provideMerge(NodeHttpServer.layerTest))
    )
    const url = yield* HttpServer.addressFormattedWith(Effect.succeed).pipe(Effect.provide(context))
    return { url: url.replace("0.0.0.0", "127.0.0.1"), asked: Ref.get(asked) }
  })

const doi = Command.runWith(Cli.make({ serve: Console.log("serving"), migrate: Console.log("migrating") }), {
  version: "1.2.3"
})

/** Runs the command line, with these settings in the environment and this on its standard input. */
export const run = (
  args: ReadonlyArray<string>,
  settings: Readonly<Record<string, string>> = {},
  stdin = ""
) =>
  doi(args).pipe(
    Effect.provide(
      Layer.mergeAll(
        NodeServices.layer,
        Stdio.layerTest({ stdin: Stream.make(new TextEncoder().encode(stdin)) }),
        ConfigProvider.layer(ConfigProvider.fromUnknown(settings))
      )
    )
  )
