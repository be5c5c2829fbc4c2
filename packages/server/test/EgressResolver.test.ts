import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { createSocket } from "node:dgram"
import { isIPv4 } from "node:net"
import * as Resolver from "../src/Egress/Resolver.ts"

const zone: Record<string, { readonly a?: string; readonly aaaa?: string }> = {
  "both.test": { a: "192.0.2.1", aaaa: "2001:db8::1" },
  "v6.test": { aaaa: "2001:db8::2" },
  "bare.test": {}
}

const ipv6 = Buffer.from("20010db8000000000000000000000000", "hex")

const data = (address: string) => {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number))
  const bytes = Buffer.from(ipv6)
  bytes[15] = Number(address.slice(-1))
  return bytes
}

/** The answer of RFC 1035 to a query for one name and type; none for names under `silent.test`. */
const answer = (query: Buffer): Buffer | undefined => {
  const labels: Array<string> = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length))
    at += length + 1
  }
  const name = labels.join(".").toLowerCase()
  if (name === "silent.test") return undefined
  const records = zone[name]
  const address = query.readUInt16BE(at + 1) === 1 ? records?.a : records?.aaaa
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(records === undefined ? 0x8183 : 0x8180, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(address === undefined ? 0 : 1, 6)
  const question = query.subarray(12, at + 5)
  if (address === undefined) return Buffer.concat([header, question])
  const bytes = data(address)
  const record = Buffer.from([0xc0, 12, 0, bytes.length === 4 ? 1 : 28, 0, 1, 0, 0, 0, 60, 0, bytes.length])
  return Buffer.concat([header, question, record, bytes])
}

const nameServer = Effect.acquireRelease(
  Effect.callback<{
    readonly resolve: Resolver.Resolver
    readonly asked: () => number
    readonly stop: () => void
  }>((resume) => {
    let asked = 0
    const socket = createSocket("udp4", (query, peer) => {
      asked += 1
      const reply = answer(query)
      if (reply !== undefined) socket.send(reply, peer.port, peer.address)
    })
    socket.bind(0, "127.0.0.1", () =>
      resume(
        Effect.succeed({
          resolve: Resolver.make([`127.0.0.1:${socket.address().port}`]),
          asked: () => asked,
          stop: () => socket.close()
        })
      )
    )
  }),
  ({ stop }) => Effect.sync(stop)
)

it.live("answers all addresses of a name, or why there is none", () =>
  Effect.gen(function* () {
    const { resolve } = yield* nameServer
    assert.deepStrictEqual(yield* resolve("both.test"), ["192.0.2.1", "2001:db8::1"])
    assert.deepStrictEqual(yield* resolve("v6.test"), ["2001:db8::2"])
    assert.strictEqual((yield* Effect.flip(resolve("bare.test"))).code, "ENODATA")
    assert.strictEqual((yield* Effect.flip(resolve("nowhere.test"))).code, "ENOTFOUND")
  })
)

it.live("answers localhost without asking", () =>
  Effect.gen(function* () {
    const { asked, resolve } = yield* nameServer
    for (const name of ["localhost", "localhost.", "API.LocalHost"]) {
      assert.deepStrictEqual(yield* resolve(name), ["127.0.0.1"])
    }
    assert.strictEqual(asked(), 0)
  })
)

it.live("refuses what is never a name without asking", () =>
  Effect.gen(function* () {
    const { asked, resolve } = yield* nameServer
    for (const name of ["nobody.invalid", "invalid", "A.Invalid."]) {
      assert.strictEqual((yield* Effect.flip(resolve(name))).code, "ENOTFOUND")
    }
    assert.strictEqual(asked(), 0)
  })
)

it.effect("gives up on a silent name server after five seconds", () =>
  Effect.gen(function* () {
    const { resolve } = yield* nameServer
    const failure = yield* Effect.forkChild(Effect.flip(resolve("silent.test")))
    yield* TestClock.adjust("4999 millis")
    assert.isUndefined(failure.pollUnsafe())
    yield* TestClock.adjust("1 millis")
    assert.strictEqual((yield* Fiber.join(failure)).code, "ETIMEOUT")
  })
)
