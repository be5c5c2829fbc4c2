import { Effect } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"

/** What a scripted peer does with one request. */
export type Answer = (response: ServerResponse) => void

/** Answers with a JSON document, of the problem type when the status says so. */
export const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) => {
    const type = status < 400 ? "application/json" : "application/problem+json"
    response.writeHead(status, { "content-type": type, ...headers }).end(JSON.stringify(body))
  }

/** Breaks the connection without an answer. */
export const reset: Answer = (response) => response.socket?.destroy()

/** Sends server-sent events and ends the stream. */
export const sse =
  (...messages: ReadonlyArray<unknown>): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.end(messages.join(""))
  }

/**
 * An HTTP server on 127.0.0.1 that gives one answer after the other, the last one for ever, and keeps the
 * requests that came.
 */
export const scripted = (...answers: readonly [Answer, ...Array<Answer>]) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly baseUrl: string; readonly requests: Array<IncomingMessage>; close(): void }>(
      (resume) => {
        const requests: Array<IncomingMessage> = []
        const server = createServer((request, response) => {
          const answer = answers[requests.length] ?? answers.at(-1)
          requests.push(request)
          request.resume().on("end", () => answer?.(response))
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" ? address?.port : undefined
          resume(
            Effect.succeed({
              baseUrl: `http://127.0.0.1:${port}`,
              requests,
              close: () => {
                server.closeAllConnections()
                server.close()
              }
            })
          )
        })
      }
    ),
    (peer) => Effect.sync(peer.close)
  )
