import { Result, Schema } from "effect"
import { IpNetwork, NetAddress } from "effect/net"

/** The network that an IPv4-mapped one stands for (RFC 4291, section 2.5.5.2); every other is itself. */
const canonical = (network: IpNetwork.IpNetwork): IpNetwork.IpNetwork => {
  const address = NetAddress.toCanonical(network.address)
  return address === network.address || network.prefixLength < 96
    ? network
    : Result.getOrElse(IpNetwork.make(address, network.prefixLength - 96), () => network)
}

/** Reads a network in CIDR form; a bare address stands for itself. */
export const parseNetwork = (text: string): Result.Result<IpNetwork.IpNetwork, NetAddress.NetAddressError> =>
  Result.map(
    IpNetwork.fromString(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`),
    canonical
  )

/** A network of addresses in CIDR form, such as `192.0.2.0/24`, or one address. */
export const Network = Schema.String.annotate({
  description:
    "An IPv4 or IPv6 network in CIDR form, such as `192.0.2.0/24`; a bare address stands for itself."
})
  .check(
    Schema.isMaxLength(100),
    Schema.makeFilter((text) =>
      Result.isSuccess(parseNetwork(text))
        ? undefined
        : "Expected a network such as 192.0.2.0/24, or an address"
    )
  )
  .annotate({ identifier: "Network" })
