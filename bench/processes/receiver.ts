/**
 * Answers every delivery 204, and knows what arrived and when. It has a port for each endpoint, because the
 * endpoints of strangers are hosts of their own.
 */
import { createServer, type IncomingMessage, type Server } from "node:http"
import { now } from "../Monotonic.ts"
import { type Counts, ReceiverRequest } from "../Protocol.ts"
import { latenciesOf } from "../Statistics.ts"
import { hear, tell } from "./Parent.ts"

const ids = new Set<string>()
let window = { from: 0, to: 0 }
let mark = 0
let counts = { duplicates: 0, inWindow: 0, firstAt: 0, markAt: 0, lastAt: 0 }
/** Milliseconds on the way, of what was sent in the window. */
let latencies: Array<number> = []

const sentAtPattern = /"at":\s?(\d+(?:\.\d+)?)/

const arrived = (request: IncomingMessage, body: Buffer) => {
  const at = now()
  const id = String(request.headers["webhook-id"])
  if (ids.has(id)) {
    counts.duplicates += 1
    return
  }
  ids.add(id)
  if (ids.size === 1) counts.firstAt = at
  if (ids.size === mark) counts.markAt = at
  counts.lastAt = at
  if (window.to === 0) return
  if (at >= window.from && at < window.to) counts.inWindow += 1
  const sentAt = Number(sentAtPattern.exec(body.toString("latin1"))?.[1])
  if (sentAt >= window.from && sentAt < window.to) latencies.push(at - sentAt)
}

const listen = () =>
  new Promise<Server>((resolve) => {
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        arrived(request, chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
        response.writeHead(204).end()
      })
    })
    // A sender that pauses finds its connections as it left them.
    server.keepAliveTimeout = 60_000
    server.listen(0, "127.0.0.1", 1024, () => resolve(server))
  })

const counted = (): Counts => ({ distinct: ids.size, ...counts })

hear(ReceiverRequest, (request) => {
  switch (request._tag) {
    case "Reset": {
      ids.clear()
      latencies = []
      counts = { duplicates: 0, inWindow: 0, firstAt: 0, markAt: 0, lastAt: 0 }
      mark = request.mark
      window = { from: request.from, to: request.to }
      return tell(counted())
    }
    case "Count":
      return tell(counted())
    case "Latencies":
      return tell(latenciesOf(latencies))
  }
})

const servers = await Promise.all(Array.from({ length: Number(process.argv[2]) }, listen))
tell({
  ports: servers.map((server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  })
})
