import { Effect } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Webhook } from "standardwebhooks"
import { now } from "../../../bench/Monotonic.ts"
import { lotOf } from "../../../bench/RecorderProtocol.ts"
import { wayOf } from "../Account.ts"
import type { Account } from "./Account.ts"
import { messageOf, nonceIn } from "./Messages.ts"
import { Order } from "./Order.ts"
import { webhooks } from "./Webhooks.ts"

/** The share of the requests that are answered 500. */
const refusedShare = 0.1

/** Milliseconds until a message of an order is answered, so that what may overlap does. */
const orderedDelay = 2

const isSigned = (reader: Webhook | undefined, body: string, headers: IncomingMessage["headers"]) => {
  try {
    reader?.verify(body, {
      "webhook-id": String(headers["webhook-id"]),
      "webhook-timestamp": String(headers["webhook-timestamp"]),
      "webhook-signature": String(headers["webhook-signature"])
    })
    return reader !== undefined
  } catch {
    return false
  }
}

/** What the messages are forwarded to: it outlives the service, and keeps account of every request. */
export const start = Effect.fnUntraced(function* (account: Account) {
  const readers: Array<Webhook> = []
  const orders = webhooks.map(({ ordered }) => (ordered ? new Order() : undefined))

  const take = (webhook: number, { headers }: IncomingMessage, body: string, response: ServerResponse) => {
    const webhookId = String(headers["webhook-id"])
    const nonce = nonceIn(body)
    const order = orders[webhook]
    const before = account.byWay.get(wayOf(webhook, webhookId))?.length ?? 0
    const accepted = lotOf(`${webhookId} ${before}`) >= refusedShare
    const name = `${webhookId} (${nonce})`
    if (body !== messageOf(nonce).body) account.fault(`${name} came with another body`)
    if (headers["webhook-verified"] !== "true") account.fault(`${name} came without its proof`)
    if (!isSigned(readers[webhook], body, headers)) account.fault(`${name} came with a wrong signature`)
    const inversion = order?.begin(nonce)
    if (inversion !== undefined) account.fault(inversion)
    account.add({ webhook, webhookId, nonce, at: now(), accepted })
    if (accepted) order?.take(nonce)
    response.once("close", () => order?.end(nonce))
    const answer = () => void response.writeHead(accepted ? 204 : 500).end()
    if (order === undefined) answer()
    else setTimeout(answer, orderedDelay)
  }

  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      // The sender has gone already.
      if (request.socket.destroyed) return
      take(Number(request.url?.slice(1)), request, Buffer.concat(chunks).toString(), response)
    })
  })
  const port = yield* Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.keepAliveTimeout = 60_000
      server.listen(0, "127.0.0.1", 1024, () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )

  return {
    /** Where the webhook of a number forwards to. */
    urlOf: (webhook: number) => `http://127.0.0.1:${port}/${webhook}`,
    /** What the webhook of a number signs with. */
    trust: (webhook: number, secret: string) => {
      readers[webhook] = new Webhook(secret)
    }
  }
})
