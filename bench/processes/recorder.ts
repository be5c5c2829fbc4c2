/** Receivers that behave as told, each on a port of its own, and keep account of every request. */
import { Schema } from "effect"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { now } from "../Monotonic.ts"
import { type Arrival, type Behaviour, Behaviours, lotOf, RecorderRequest } from "../RecorderProtocol.ts"
import { hear, tell } from "./Parent.ts"

const arrivals: Array<Arrival> = []

const decodeBatch = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Struct({
      data: Schema.Array(
        Schema.Struct({
          id: Schema.String,
          data: Schema.Struct({ nonce: Schema.optionalKey(Schema.String) })
        })
      )
    })
  )
)

const eventsOf = (webhookId: string, body: string): Arrival["events"] =>
  webhookId.startsWith("bat_")
    ? decodeBatch(body).data.map(({ data, id }) => ({ id, nonce: data.nonce ?? "" }))
    : [{ id: webhookId, nonce: /"nonce":"([^"]*)"/.exec(body)?.[1] ?? "" }]

const drip = (response: ServerResponse) => {
  response.writeHead(200)
  const timer = setInterval(() => response.write("x"), 1000)
  response.once("close", () => clearInterval(timer))
}

/** One endpoint: what it has seen, and what is under way to it. */
const endpoint = (number: number, behaviour: Behaviour) => {
  const seen = new Set<string>()
  const keysUnderWay = new Map<string, number>()

  const accepts = ({ id }: { readonly id: string }) => {
    if (behaviour._tag !== "Answer") return false
    const lot = lotOf(id)
    return lot >= behaviour.failAlways + (seen.has(id) ? 0 : behaviour.failFirst)
  }

  const take = (request: IncomingMessage, response: ServerResponse, at: number, body: string) => {
    const webhookId = String(request.headers["webhook-id"])
    const events = eventsOf(webhookId, body)
    const accepted = events.every(accepts)
    for (const { id } of events) seen.add(id)
    const key = /"key":"([^"]*)"/.exec(body)?.[1] ?? webhookId
    const beside = keysUnderWay.get(key) ?? 0
    arrivals.push({ endpoint: number, webhookId, events, at, accepted, overlaps: beside > 0 })
    // The sender has gone already.
    if (request.socket.destroyed) return
    keysUnderWay.set(key, beside + 1)
    // When the answer is out, or the sender has gone.
    response.once("close", () => {
      const left = (keysUnderWay.get(key) ?? 1) - 1
      if (left > 0) keysUnderWay.set(key, left)
      else keysUnderWay.delete(key)
    })
    switch (behaviour._tag) {
      case "Answer": {
        const answer = () => void response.writeHead(accepted ? 204 : 500).end()
        return behaviour.delay === 0 ? answer() : void setTimeout(answer, behaviour.delay)
      }
      case "Drip":
        return drip(response)
      case "Hang":
    }
  }

  return (request: IncomingMessage, response: ServerResponse) => {
    const at = now()
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => take(request, response, at, Buffer.concat(chunks).toString()))
  }
}

const listen = (behaviour: Behaviour, number: number) =>
  new Promise<Server>((resolve) => {
    const server = createServer(endpoint(number, behaviour))
    server.keepAliveTimeout = 60_000
    server.listen(0, "127.0.0.1", 1024, () => resolve(server))
  })

hear(RecorderRequest, ({ from, limit }) =>
  tell({ total: arrivals.length, arrivals: arrivals.slice(from, from + limit) })
)

const behaviours = Schema.decodeUnknownSync(Behaviours)(process.argv[2])
const servers = await Promise.all(behaviours.map(listen))
tell({
  ports: servers.map((server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  })
})
