import { Effect } from "effect"
import * as net from "node:net"
import { gzipSync } from "node:zlib"
import { listen } from "../EgressReceiver.ts"

type Behaviour = (socket: net.Socket, request: Buffer) => void

/** A peer that does with each connection, at the first bytes of its request, what it is told. */
const peer = (behaviour: Behaviour) =>
  Effect.gen(function* () {
    const sockets = new Set<net.Socket>()
    const port = yield* listen(
      net.createServer((socket) => {
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
        socket.on("error", () => {})
        socket.once("data", (request) => behaviour(socket, request))
      })
    )
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
      })
    )
    return port
  })

/** Writes for as long as somebody reads. */
const pour = (socket: net.Socket, part: string | Buffer) => {
  const more = () => {
    while (!socket.destroyed && socket.write(part));
  }
  socket.on("drain", more)
  more()
}

/** Writes a little every 50 ms. */
const drip = (socket: net.Socket, part: string) => {
  const timer = setInterval(() => socket.write(part), 50)
  socket.on("close", () => clearInterval(timer))
}

const ok = "HTTP/1.1 200 OK\r\n"

/** 64 MiB of zeros in 64 KiB. */
const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))

const behaviours: Readonly<Record<string, Behaviour>> = {
  redirect: (socket) =>
    socket.end("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"),
  silent: () => {},
  deaf: (socket) => void socket.pause(),
  dripHeaders: (socket) => {
    socket.write(ok)
    drip(socket, "x-drip: 1\r\n")
  },
  dripBody: (socket) => {
    socket.write(`${ok}content-length: 100000\r\n\r\n`)
    drip(socket, "x")
  },
  endlessBody: (socket) => {
    socket.write(`${ok}\r\n`)
    pour(socket, Buffer.alloc(65_536, "x"))
  },
  endlessFailure: (socket) => {
    socket.write("HTTP/1.1 500 Oh\r\n\r\n")
    pour(socket, Buffer.alloc(65_536, "x"))
  },
  gzipBomb: (socket) => {
    socket.write(`${ok}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`)
    socket.write(bomb)
  },
  badChunking: (socket) => socket.write(`${ok}transfer-encoding: chunked\r\n\r\nZZZ\r\nnot chunked\r\n`),
  badStatus: (socket) => socket.write("SSH-2.0-OpenSSH_9.6\r\n"),
  reset: (socket) => void socket.resetAndDestroy(),
  resetAfterHeaders: (socket) => {
    socket.write(`${ok}content-length: 10\r\n\r\n`, () => setTimeout(() => socket.resetAndDestroy(), 20))
  },
  close: (socket) => socket.end(),
  earlyClose: (socket) => socket.end(`${ok}content-length: 100\r\n\r\nshort`),
  tooLong: (socket) => socket.write(`${ok}content-length: 2\r\n\r\nok and much more than that`),
  twoLengths: (socket) => socket.write(`${ok}content-length: 2\r\ncontent-length: 5\r\n\r\nok`),
  http10: (socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nhello"),
  noBody: (socket) => socket.write("HTTP/1.1 204 No Content\r\n\r\n"),
  hugeHeaders: (socket) => {
    const lines = Array.from({ length: 100 }, (_, n) => `x-${n}: ${"y".repeat(1000)}\r\n`)
    socket.write(`${ok}${lines.join("")}content-length: 0\r\n\r\n`)
  },
  continues: (socket) => pour(socket, "HTTP/1.1 100 Continue\r\n\r\n".repeat(100)),
  earlyHints: (socket) => drip(socket, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(20)),
  answersEarly: (socket) => socket.write(`${ok}content-length: 2\r\n\r\nok`)
}

/** The URL of each peer by what it does. `plain` speaks no TLS where TLS is expected, `closed` does not listen. */
export const hostilePeers = Effect.gen(function* () {
  const urls = new Map<string, string>()
  for (const [name, behaviour] of Object.entries(behaviours)) {
    urls.set(name, `http://127.0.0.1:${yield* peer(behaviour)}/`)
  }
  urls.set("plain", `https://127.0.0.1:${yield* peer((socket) => socket.end(ok))}/`)
  const closed = yield* Effect.scoped(peer(() => {}))
  urls.set("closed", `http://127.0.0.1:${closed}/`)
  return urls
})
