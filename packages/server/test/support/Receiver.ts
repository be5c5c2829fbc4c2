import { Effect } from "effect"
import { createServer, type IncomingMessage } from "node:http"

/** A request as a receiver got it. */
export interface Delivered {
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** A receiver on 127.0.0.1 that keeps what it gets. */
export const receiver = Effect.acquireRelease(
  Effect.callback<{ url: string; got: Array<Delivered>; close: () => void }>((resume) => {
    const got: Array<Delivered> = []
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        got.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
        response.writeHead(204).end()
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ url: `http://127.0.0.1:${port}/hooks`, got, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)
