import { Context, Effect, Layer } from "effect"
import * as http from "node:http"
import type * as net from "node:net"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"

/** Bytes of body that the tests keep. */
export const cap = 16 * 1024

/** Listens on a free loopback port until the scope ends. */
export const listen = (server: net.Server) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(
          address === null || typeof address === "string"
            ? Effect.die("no port")
            : Effect.succeed(address.port)
        )
      })
    }),
    () => Effect.sync(() => server.close())
  )

const compressed: Record<string, Buffer> = {
  gzip: gzipSync("plain text"),
  deflate: deflateSync("plain text"),
  br: brotliCompressSync("plain text"),
  bomb: gzipSync(Buffer.alloc(8 * 1024 * 1024)),
  broken: Buffer.from("not gzip at all")
}

/** A hostile receiver; `open` holds the paths of the answers in progress. */
export class Receiver extends Context.Service<
  Receiver,
  { readonly port: number; readonly open: ReadonlyArray<string> }
>()("@do-integrations/server/test/Receiver") {
  static readonly layer = Layer.effect(
    Receiver,
    Effect.gen(function* () {
      const open: Array<string> = []
      const server = http.createServer((request, response) => {
        const path = request.url ?? ""
        open.push(path)
        response.on("close", () => open.splice(open.indexOf(path), 1))
        const encoded = compressed[path.replace("/encoded/", "")]
        if (encoded !== undefined) {
          const encoding = /(gzip|deflate|br)$/.exec(path)?.[1] ?? "gzip"
          return void response.writeHead(200, { "content-encoding": encoding }).end(encoded)
        }
        switch (path) {
          case "/redirect":
            return void response.writeHead(302, { location: "http://169.254.169.254/" }).end()
          case "/drip": {
            response.writeHead(200)
            const timer = setInterval(() => response.write("x"), 20)
            return void response.on("close", () => clearInterval(timer))
          }
          case "/hang":
            return
          case "/endless": {
            response.writeHead(200)
            const pour = () => {
              while (response.write(Buffer.alloc(65_536)));
            }
            response.on("drain", pour)
            return pour()
          }
          case "/exact":
            return void response.end(Buffer.alloc(cap))
          case "/headers":
            return void response.writeHead(200, { "x-large": "y".repeat(200_000) }).end()
          case "/reset":
            return void request.socket.resetAndDestroy()
          case "/half":
            response.writeHead(200, { "content-length": "100" }).write("x")
            return void setTimeout(() => request.socket.destroy(), 20)
          case "/early-hints":
            response.writeEarlyHints({ link: "</a.css>; rel=preload" })
            return void response.writeHead(201).end("made")
          case "/none":
            return void request.resume().on("end", () => response.writeHead(204).end())
          default: {
            const parts: Array<Buffer> = []
            request.on("data", (part: Buffer) => parts.push(part))
            return void request.on("end", () =>
              response.end(
                JSON.stringify([request.method, path, Buffer.concat(parts).toString(), request.headers])
              )
            )
          }
        }
      })
      const port = yield* listen(server)
      yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
      return Receiver.of({ port, open })
    })
  )
}

/** Waits until the receiver has no answer to `path` in progress. */
export const allClosed = (path: string) =>
  Effect.gen(function* () {
    const receiver = yield* Receiver
    while (receiver.open.includes(path)) yield* Effect.sleep("5 millis")
  }).pipe(Effect.timeout("2 seconds"))

/** A DNS of the tests: one private name, one slow one, any other is this machine. */
export const lookup = (hostname: string) =>
  hostname === "slow.test"
    ? Effect.delay(Effect.succeed(["127.0.0.1"]), "2 seconds")
    : Effect.succeed([hostname === "private.test" ? "10.0.0.5" : "127.0.0.1"])
