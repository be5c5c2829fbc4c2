/** Reads requests and answers 200, and nothing else: how fast the sender could be. */
import { Schema } from "effect"
import { createServer } from "node:http"
import { hear, setting, tell } from "./Parent.ts"

const server = createServer((request, response) => {
  request.resume()
  request.once("end", () => response.writeHead(200, { "content-length": 2 }).end("{}"))
})

server.listen(Number(setting("PORT")), "127.0.0.1", () => {
  hear(Schema.Unknown, () => {})
  tell({ ready: true })
})
