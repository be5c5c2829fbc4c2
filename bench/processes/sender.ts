/**
 * Sends signed webhooks, the same way to either side: Standard Webhooks, each message once, half a kilobyte to one. On
 * plain sockets, so that sending takes as little of the machine as it can.
 */
import { createHmac, createSecretKey } from "node:crypto"
import { connect } from "node:net"
import { now } from "../Monotonic.ts"
import { SenderRequest, type Sent } from "../Protocol.ts"
import { latenciesOf } from "../Statistics.ts"
import { hear, tell } from "./Parent.ts"

/** What an invoice of so many lines says behind its id. */
const rests = Array.from({ length: 8 }, (_, index) => {
  const lines = Array.from({ length: 3 + index }, (_, line) => ({
    description: `Seats of the plan, part ${line}`,
    quantity: 12 * (line + 1),
    amount: 240_000 + line
  }))
  const customer = { id: "cus_9s6XKzkNRiz8i3", name: "Räksmörgås Import AB", email: "invoices@example.com" }
  return `,${JSON.stringify({ currency: "sek", status: "paid", customer, lines }).slice(1)}}`
})

/** The status of an answer, once all of it is there. */
const statusOf = (text: string): number | undefined => {
  const head = text.indexOf("\r\n\r\n")
  if (head < 0) return undefined
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
  return text.length < head + 4 + length ? undefined : Number(text.slice(9, 12))
}

const send = async ({ connections, from, secret, to, url }: typeof SenderRequest.Type): Promise<Sent> => {
  const { host, hostname, pathname, port } = new URL(url)
  const key = createSecretKey(secret.replace("whsec_", ""), "base64")
  const result = { accepted: 0, inWindow: 0, failed: 0, firstFailure: "" }
  const latencies: Array<number> = []
  const run = Math.random().toString(36).slice(2, 10)
  let number = 0

  const message = () => {
    const id = `msg_${run}${String(number).padStart(16, "0")}`
    const at = new Date()
    const timestamp = Math.floor(at.getTime() / 1000)
    const body = `{"type":"invoice.paid","timestamp":"${at.toISOString()}","data":{"id":"in_${number}"${rests[number % rests.length]}`
    number += 1
    const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")
    return (
      `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: Webhooks/1.0\r\naccept: */*\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nwebhook-id: ${id}\r\n` +
      `webhook-timestamp: ${timestamp}\r\nwebhook-signature: v1,${signature}\r\n\r\n${body}`
    )
  }

  /** Sends at once again when it is answered; returns when the time is over or its connection is lost. */
  const user = () =>
    new Promise<void>((resolve) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true }).setEncoding("latin1")
      let sentAt = 0
      let answer = ""
      const fail = (failure: string) => {
        result.failed += 1
        if (result.firstFailure === "") result.firstFailure = failure
      }
      const next = () => {
        answer = ""
        sentAt = now()
        if (sentAt < to) return void socket.write(message())
        socket.destroy()
        resolve()
      }
      socket.on("connect", next)
      socket.on("data", (chunk) => {
        answer += String(chunk)
        const status = statusOf(answer)
        if (status === undefined) return
        const at = now()
        if (status >= 200 && status < 300) result.accepted += 1
        else fail(answer)
        if (at >= from && at < to) result.inWindow += 1
        if (sentAt >= from) latencies.push(at - sentAt)
        next()
      })
      socket.on("error", ({ message }) => fail(message))
      socket.on("end", () => fail("The connection was closed"))
      socket.on("close", () => resolve())
    })

  await Promise.all(Array.from({ length: connections }, user))
  return { ...result, latencies: latenciesOf(latencies) }
}

hear(SenderRequest, (request) => void send(request).then(tell))
