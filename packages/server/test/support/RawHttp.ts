import { Effect } from "effect"
import * as Http from "node:http"

/** A request down to its bytes. */
export interface RawRequest {
  readonly method: string
  /** Path and query as they are on the wire. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Sends the body in chunks, without a `Content-Length`. */
  readonly chunked?: boolean
  /** Never ends the request, so that only an answer that does not wait for its body is one. */
  readonly unfinished?: boolean
}

/** What came back. The body of an endless answer is left unread. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

/** Sends one request over a connection of its own. */
export const sendRaw = (url: string, request: RawRequest) =>
  Effect.callback<RawAnswer>((resume) => {
    const { hostname, port } = new URL(url)
    const { body = "", chunked = false, method, path, unfinished = false } = request
    // Without its length, Node sends the body of a GET or DELETE as if it were another request.
    const length = { "content-length": String(Buffer.byteLength(body)) }
    const framed = chunked || unfinished || body.length === 0 ? {} : length
    const headers = { ...framed, ...request.headers }
    const sent = Http.request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      const chunks: Array<Buffer> = []
      const done = () => {
        const { headers, statusCode = 0 } = answer
        resume(Effect.succeed({ status: statusCode, headers, body: Buffer.concat(chunks).toString() }))
        sent.destroy()
      }
      answer.on("data", (chunk: Buffer) => chunks.push(chunk))
      answer.on("end", done)
      if (answer.headers["content-type"]?.startsWith("text/event-stream") === true) done()
    })
    // After an early answer the server may close the connection under the rest of the body.
    sent.on("error", (error) => resume(Effect.die(error)))
    if (chunked || unfinished) sent.write(body)
    if (!unfinished) sent.end(chunked ? "" : body)
    return Effect.sync(() => sent.destroy())
  }).pipe(Effect.timeout("20 seconds"), Effect.orDie)
