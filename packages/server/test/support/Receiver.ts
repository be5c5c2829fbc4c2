import { Effect } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"

/** A request as a receiver got it. */
export interface Delivered {
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** What a receiver does with a request that it got whole. */
export type Answer = (response: ServerResponse, delivered: Delivered) => void

const noContent: Answer = (response) => void response.writeHead(204).end()

/** A receiver on 127.0.0.1 that keeps what it gets and answers as told. */
export const receiverWith = (answer: Answer) =>
  Effect.acquireRelease(
    Effect.callback<{ url: string; got: Array<Delivered>; close: () => void }>((resume) => {
      const got: Array<Delivered> = []
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const delivered = { headers: request.headers, body: Buffer.concat(chunks).toString() }
          got.push(delivered)
          answer(response, delivered)
        })
      })
      const close = () => {
        server.close()
        server.closeAllConnections()
      }
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}/hooks`, got, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

/** A receiver on 127.0.0.1 that keeps what it gets. */
export const receiver = receiverWith(noContent)

/** The headers that the signature of a request is in, as the libraries of receivers take them. */
export const signatureOf = ({ headers }: Delivered) => ({
  "webhook-id": String(headers["webhook-id"]),
  "webhook-timestamp": String(headers["webhook-timestamp"]),
  "webhook-signature": String(headers["webhook-signature"])
})
