import { Option, Result, Schema } from "effect"
import { IpNetwork, NetAddress } from "effect/net"

/**
 * Networks that no outbound call may reach, each with the name shown to users. The first match names the
 * refusal, so narrower networks stand before wider ones.
 *
 * Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), plus multicast (RFC 5771).
 */
export const deniedNetworks = [
  ["0.0.0.0/8", "this network"],
  ["10.0.0.0/8", "private network"],
  ["100.64.0.0/10", "carrier-grade NAT"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["172.16.0.0/12", "private network"],
  ["192.0.0.0/24", "protocol assignments"],
  ["192.0.2.0/24", "documentation"],
  ["192.88.99.0/24", "6to4"],
  ["192.168.0.0/16", "private network"],
  ["198.18.0.0/15", "benchmarking"],
  ["198.51.100.0/24", "documentation"],
  ["203.0.113.0/24", "documentation"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  ["::/128", "this network"],
  ["::1/128", "loopback"],
  ["64:ff9b:1::/48", "local-use NAT64"],
  ["100::/64", "discard-only"],
  ["2001::/32", "Teredo"],
  ["2001:2::/48", "benchmarking"],
  ["2001::/23", "protocol assignments"],
  ["2001:db8::/32", "documentation"],
  ["2002::/16", "6to4"],
  ["3fff::/20", "documentation"],
  ["fc00::/7", "private network"],
  ["fe80::/10", "link-local"],
  ["fec0::/10", "private network"],
  ["ff00::/8", "multicast"]
] as const

/**
 * Addresses that hand out a machine's own credentials. Nothing opens them, whatever is allowed: an exception
 * as wide as `169.254.0.0/16` is easily written and would give every tenant the host's identity.
 */
export const metadataAddresses = [
  ["169.254.169.254", "AWS, Azure, Google, DigitalOcean, Hetzner, OpenStack, Oracle"],
  ["fd00:ec2::254", "AWS over IPv6"],
  ["169.254.170.2", "AWS ECS task credentials"],
  ["169.254.170.23", "AWS EKS pod identity"],
  ["fd00:ec2::23", "AWS EKS pod identity over IPv6"],
  ["fd20:ce::254", "Google over IPv6"],
  ["168.63.129.16", "Azure platform channel, a public address"],
  ["100.100.100.200", "Alibaba"],
  ["169.254.0.23", "Tencent"],
  ["192.0.0.192", "Oracle Classic"],
  ["169.254.42.42", "Scaleway"],
  ["fd00:42::42", "Scaleway over IPv6"],
  ["fd00:a9fe:a9fe::1", "Linode over IPv6"],
  ["fe80::a9fe:a9fe", "OpenStack over IPv6"]
] as const

/** Why an address is refused, in the words shown to users. */
export type AddressDenial =
  | (typeof deniedNetworks)[number][1]
  | "cloud metadata"
  | "not globally routed"
  | "not an IP address"
  | "plain http"

/** Every {@link AddressDenial}, as data. */
export const addressDenials: ReadonlyArray<AddressDenial> = [
  ...new Set(deniedNetworks.map(([, name]) => name)),
  "cloud metadata",
  "not globally routed",
  "not an IP address",
  "plain http"
]

/** An entry of `EGRESS_ALLOW` that is not a network with an optional port. */
export class InvalidEgressAllow extends Schema.TaggedError<InvalidEgressAllow>()("InvalidEgressAllow", {
  entry: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `EGRESS_ALLOW entry "${this.entry}": ${this.problem} (examples: 10.0.0.0/8, 127.0.0.1/32:8080, [::1]/128:8080)`
  }
}

/** Decides about one address that a call is about to dial. */
export interface AddressPolicy {
  /**
   * Succeeds when `address` (an IP in its usual spelling) may be dialled on `port`. Plain http
   * (`secure: false`) needs an exception even for a public address.
   */
  check(address: string, port: number, secure: boolean): Result.Result<void, AddressDenial>
}

interface Exception {
  readonly network: IpNetwork.IpNetwork
  readonly port: Option.Option<number>
}

const networks = deniedNetworks.map(([cidr, name]) => ({ network: IpNetwork.fromStringUnsafe(cidr), name }))
const globalUnicast = IpNetwork.fromStringUnsafe("2000::/3")
const metadata: ReadonlySet<string> = new Set(metadataAddresses.map(([address]) => address))

const ipv4 = (high: number, low: number): NetAddress.IpAddress =>
  NetAddress.ipv4FromBytesUnsafe(Uint8Array.of(high >> 8, high & 0xff, low >> 8, low & 0xff))

/** The address a packet really goes to: v4-mapped (RFC 4291) and NAT64 (RFC 6052) stand for their IPv4. */
const destination = (address: NetAddress.IpAddress): NetAddress.IpAddress => {
  const canonical = NetAddress.toCanonical(address)
  if (NetAddress.isIpv4Address(canonical)) return canonical
  const [a, b, c, d, e, f, g, h] = NetAddress.ipv6ToSegments(canonical)
  const nat64 = a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0
  return nat64 ? ipv4(g, h) : canonical
}

/** IPv4 addresses a tunnel may unwrap: v4-compatible, 6to4 (RFC 3056), Teredo's server and client (RFC 4380). */
const tunnelled = (address: NetAddress.IpAddress): ReadonlyArray<NetAddress.IpAddress> => {
  if (NetAddress.isIpv4Address(address)) return []
  const [a, b, c, d, , , g, h] = NetAddress.ipv6ToSegments(address)
  if (a === 0x2002) return [ipv4(b, c)]
  if (a === 0x2001 && b === 0) return [ipv4(c, d), ipv4(g ^ 0xffff, h ^ 0xffff)]
  return a === 0 || a === 0x64 ? [ipv4(g, h)] : []
}

const parseException = (entry: string): Result.Result<Exception, InvalidEgressAllow> => {
  const bad = (problem: string) => new InvalidEgressAllow({ entry, problem })
  const match =
    /^(?:\[(?<bracketed>[^\]]*)\]|(?<bare>[^[\]/]*))\/(?<prefix>\d{1,3})(?::(?<port>\d{1,5}))?$/.exec(entry)
  if (match === null) return Result.fail(bad("expected a network, optionally with a port"))
  const { bracketed, bare, prefix, port } = match.groups ?? {}
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) {
    return Result.fail(bad("the port is not between 1 and 65535"))
  }
  return IpNetwork.fromString(`${bracketed ?? bare}/${prefix}`).pipe(
    Result.map((network) => ({ network, port: Option.map(Option.fromNullishOr(port), Number) })),
    Result.mapError((error) => bad(error.message))
  )
}

/**
 * Builds the policy: everything in {@link deniedNetworks} and every IPv6 address outside global unicast is
 * refused unless an entry of `allow` covers it; {@link metadataAddresses} are refused in any case.
 *
 * @param allow entries of `EGRESS_ALLOW`: a CIDR, optionally with the one port it opens; without a port, all.
 */
export const make = (allow: ReadonlyArray<string>): Result.Result<AddressPolicy, InvalidEgressAllow> =>
  Result.map(Result.all(allow.map(parseException)), (exceptions): AddressPolicy => {
    const excepted = (address: NetAddress.IpAddress, port: number) =>
      exceptions.some(
        (exception) =>
          IpNetwork.contains(exception.network, address) &&
          Option.getOrElse(exception.port, () => port) === port
      )
    const denial = (address: NetAddress.IpAddress): AddressDenial | undefined =>
      networks.find(({ network }) => IpNetwork.contains(network, address))?.name ??
      (NetAddress.isIpv4Address(address) || IpNetwork.contains(globalUnicast, address)
        ? undefined
        : "not globally routed")
    return {
      check(text, port, secure) {
        const parsed = NetAddress.ipFromString(text)
        if (Result.isFailure(parsed)) return Result.fail("not an IP address")
        const address = destination(parsed.success)
        if ([address, ...tunnelled(address)].some((each) => metadata.has(NetAddress.formatIp(each)))) {
          return Result.fail("cloud metadata")
        }
        if (excepted(address, port)) return Result.void
        const denied = denial(address) ?? (secure ? undefined : "plain http")
        return denied === undefined ? Result.void : Result.fail(denied)
      }
    }
  })
