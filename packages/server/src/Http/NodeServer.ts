import { Predicate } from "effect"
import * as Http from "node:http"
import type { Duplex } from "node:stream"

/** The status that Node would answer with; see `socketOnError` in its `_http_server.js`. */
const statusOf = (error: Error) => {
  switch (Predicate.hasProperty(error, "code") ? error.code : undefined) {
    case "HPE_HEADER_OVERFLOW":
      return 431
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return 413
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return 408
    default:
      return 400
  }
}

/** Whether an answer is on its way: what is written now would stand in the middle of it. */
const isAnswering = (socket: Duplex) =>
  Predicate.hasProperty(socket, "_httpMessage") &&
  socket._httpMessage instanceof Http.ServerResponse &&
  socket._httpMessage.headersSent

/** Answers what is no HTTP request, and so never reaches a route, with a problem document too. */
const refuse = (error: Error, socket: Duplex) => {
  const reset = Predicate.hasProperty(error, "code") && error.code === "ECONNRESET"
  if (reset || !socket.writable || isAnswering(socket)) {
    socket.destroy()
    return
  }
  const status = statusOf(error)
  const title = Http.STATUS_CODES[status]
  const problem = JSON.stringify({ type: "about:blank", status, title })
  const lines = [
    `HTTP/1.1 ${status} ${title}`,
    "content-type: application/problem+json",
    `content-length: ${problem.length}`,
    "connection: close"
  ]
  socket.end(`${lines.join("\r\n")}\r\n\r\n${problem}`)
}

/** Longer than proxies keep a quiet connection: they would send a request down one that is being closed. */
const keepAliveTimeout = 75_000

/**
 * A server of Node's; the routes are added to it. What comes before they stand or after they are gone is
 * told to come again, and a server that stops keeps no connection for another request.
 */
export const createServer = (): Http.Server => {
  const server = Http.createServer({ keepAliveTimeout }, (_request, response) => {
    if (!server.listening) response.shouldKeepAlive = false
    else response.once("finish", () => server.listening || server.closeIdleConnections())
    if (server.listenerCount("request") > 1) return
    response.writeHead(503, { "content-type": "application/problem+json", "retry-after": "1" })
    response.end(JSON.stringify({ type: "about:blank", status: 503, title: Http.STATUS_CODES[503] }))
  })
  return server.on("clientError", refuse)
}
