import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { IpNetwork, NetAddress } from "effect/net"
import { BlockList } from "node:net"
import * as AddressPolicy from "../src/Egress/AddressPolicy.ts"

const Word = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffff }))
const Port = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65535 }))
const Words = Schema.Tuple([Word, Word, Word, Word, Word, Word, Word, Word])
const Denied = Schema.Literals(AddressPolicy.deniedNetworks.map(([cidr]) => cidr))
const runs = { arbitrary: { runs: 500 } }

const bytesOf = (address: NetAddress.IpAddress) =>
  NetAddress.isIpv4Address(address) ? NetAddress.ipv4ToOctets(address) : NetAddress.ipv6ToOctets(address)

/** The address of `network` whose host bits are those of `words`. */
const inside = (network: IpNetwork.IpNetwork, words: ReadonlyArray<number>): NetAddress.IpAddress => {
  const noise = words.flatMap((word) => [word >> 8, word & 0xff])
  const bytes = bytesOf(network.address).map((byte, index) => {
    const fixed = Math.min(8, Math.max(0, network.prefixLength - index * 8))
    return byte | ((noise[index] ?? 0) & (0xff >> fixed))
  })
  return NetAddress.ipFromInputUnsafe(Uint8Array.from(bytes))
}

const hex = (address: NetAddress.Ipv4Address) => {
  const [a, b, c, d] = NetAddress.ipv4ToOctets(address)
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

/** Every spelling under which the address may come out of a resolver or a URL. */
const spellings = (address: NetAddress.IpAddress): ReadonlyArray<string> => {
  const text = NetAddress.formatIp(address)
  if (NetAddress.isIpv4Address(address)) {
    return [
      text,
      `::ffff:${text}`,
      `::ffff:${hex(address)}`,
      `0:0:0:0:0:FFFF:${hex(address).toUpperCase()}`,
      `64:ff9b::${text}`,
      `64:ff9b::${hex(address)}`,
      `::${text}`,
      `2002:${hex(address)}::1`
    ]
  }
  const segments = NetAddress.ipv6ToSegments(address).map((segment) => segment.toString(16))
  return [
    text,
    text.toUpperCase(),
    segments.join(":"),
    segments.map((each) => each.padStart(4, "0")).join(":")
  ]
}

const closed = Result.getOrThrow(AddressPolicy.make([]))

const reason = (policy: AddressPolicy.AddressPolicy, address: string, port = 443, secure = true) =>
  Result.match(policy.check(address, port, secure), {
    onFailure: (denial) => denial,
    onSuccess: () => "allowed"
  })

describe("AddressPolicy", () => {
  it.prop(
    "refuses every address of a denied network in every spelling",
    { cidr: Denied, words: Words },
    ({ cidr, words }) => {
      const address = inside(IpNetwork.fromStringUnsafe(cidr), words)
      for (const spelling of spellings(address))
        assert.notStrictEqual(reason(closed, spelling), "allowed", spelling)
    },
    runs
  )

  it.prop(
    "agrees with the system's own block list on arbitrary addresses",
    { words: Words, global: Schema.Boolean },
    ({ words, global }) => {
      const list = new BlockList()
      for (const [cidr] of AddressPolicy.deniedNetworks) {
        const [network = "", prefix = ""] = cidr.split("/")
        list.addSubnet(network, Number(prefix), network.includes(":") ? "ipv6" : "ipv4")
      }
      for (const address of AddressPolicy.metadataAddresses) {
        list.addAddress(address[0], address[0].includes(":") ? "ipv6" : "ipv4")
      }
      const v4 = NetAddress.formatIp(inside(IpNetwork.fromStringUnsafe("0.0.0.0/0"), words))
      assert.strictEqual(reason(closed, v4) === "allowed", !list.check(v4), v4)
      const v6 = NetAddress.formatIp(
        inside(IpNetwork.fromStringUnsafe(global ? "2000::/3" : "4000::/2"), words)
      )
      assert.strictEqual(reason(closed, v6) === "allowed", global && !list.check(v6, "ipv6"), v6)
    },
    runs
  )

  it("passes public addresses and names the reason of each refusal", () => {
    const expected: Record<string, string> = {
      "8.8.8.8": "allowed",
      "1.1.1.1": "allowed",
      "2606:4700:4700::1111": "allowed",
      "::ffff:8.8.8.8": "allowed",
      "64:ff9b::808:808": "allowed",
      "10.1.2.3": "private network",
      "172.31.255.255": "private network",
      "fd12::1": "private network",
      "127.0.0.1": "loopback",
      "::1": "loopback",
      "::ffff:127.0.0.1": "loopback",
      "64:ff9b::7f00:1": "loopback",
      "fe80::1": "link-local",
      "100.64.0.1": "carrier-grade NAT",
      "64:ff9b:1::a00:1": "local-use NAT64",
      "2001:0:1::": "Teredo",
      "2002:808:808::1": "6to4",
      "::8.8.8.8": "not globally routed",
      "255.255.255.255": "reserved",
      "169.254.169.254": "cloud metadata",
      "168.63.129.16": "cloud metadata",
      "fe80::1%eth0": "not an IP address",
      "0177.0.0.1": "not an IP address",
      "2130706433": "not an IP address"
    }
    assert.deepStrictEqual(
      Object.fromEntries(Object.keys(expected).map((address) => [address, reason(closed, address)])),
      expected
    )
  })

  it("opens exactly the exceptions, plain http included", () => {
    const policy = Result.getOrThrow(
      AddressPolicy.make(["10.0.0.0/8", "127.0.0.1/32:8080", "[::1]/128:80", "fd00::/16", "8.8.8.8/32:80"])
    )
    assert.strictEqual(reason(policy, "10.255.0.1", 1, false), "allowed")
    assert.strictEqual(reason(policy, "::ffff:10.0.0.1"), "allowed")
    assert.strictEqual(reason(policy, "127.0.0.1", 8080, false), "allowed")
    assert.strictEqual(reason(policy, "127.0.0.1", 8081, false), "loopback")
    assert.strictEqual(reason(policy, "127.0.0.2", 8080), "loopback")
    assert.strictEqual(reason(policy, "::1", 80, false), "allowed")
    assert.strictEqual(reason(policy, "::1", 443), "loopback")
    assert.strictEqual(reason(policy, "fd00::9"), "allowed")
    assert.strictEqual(reason(policy, "fd01::9"), "private network")
    assert.strictEqual(reason(policy, "8.8.8.8", 80, false), "allowed")
    assert.strictEqual(reason(policy, "8.8.4.4", 80, false), "plain http")
  })

  it.prop(
    "never opens cloud metadata",
    {
      index: Schema.Int.check(
        Schema.isBetween({ minimum: 0, maximum: AddressPolicy.metadataAddresses.length - 1 })
      ),
      port: Port
    },
    ({ index, port }) => {
      const address = NetAddress.ipFromStringUnsafe(AddressPolicy.metadataAddresses[index]?.[0] ?? "")
      const text = NetAddress.formatIp(address)
      const policy = Result.getOrThrow(
        AddressPolicy.make(["0.0.0.0/0", "::/0", `[${text}]/${NetAddress.width(address)}:${port}`])
      )
      for (const spelling of spellings(address)) {
        assert.strictEqual(reason(policy, spelling, port, false), "cloud metadata", spelling)
      }
    }
  )

  it("names the bad entry", () => {
    const bad = ["10.0.0.1", "10.0.0.1/8", "10.0.0.0/33", "::1/129", "host/8", "[::1/128", ""]
    for (const entry of [...bad, "127.0.0.1/32:0", "127.0.0.1/32:65536"]) {
      const error = Result.getOrThrow(Result.flip(AddressPolicy.make(["192.168.0.0/16", entry])))
      assert.strictEqual(error.entry, entry)
      assert.include(error.message, `"${entry}"`)
    }
  })
})
