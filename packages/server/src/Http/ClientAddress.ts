import { Equal, Result } from "effect"
import type { Headers } from "effect/http"
import { IpNetwork, NetAddress } from "effect/net"
import { forwardedNodes } from "./Forwarded.ts"

/** Finds out where a request comes from; undefined where nobody can tell. */
export type ClientAddress = (
  peer: string | undefined,
  headers: Headers.Headers
) => NetAddress.IpAddress | undefined

/** Proxies that a request may pass one after the other. A longer list is no list of proxies. */
const maxHops = 32

/** More than an address with its port takes. */
const maxNode = 64

const addressFrom = (text: string): NetAddress.IpAddress | undefined => {
  const parsed = NetAddress.ipFromString(text)
  return Result.isSuccess(parsed) ? NetAddress.toCanonical(parsed.success) : undefined
}

/** The address of a node of either header, with or without brackets and a port; `unknown` and `_hidden` have none. */
const addressOf = (node: string): NetAddress.IpAddress | undefined => {
  if (node.length > maxNode) return undefined
  const [, bracketed, ipv4] = /^(?:\[([^\]]+)\]|([\d.]+))(?::[\w.-]+)?$/.exec(node) ?? []
  return addressFrom(bracketed ?? ipv4 ?? node)
}

/** The last nodes of a list, as many as are looked at, first to last. */
const lastOf = (list: string): ReadonlyArray<string> => {
  const nodes: Array<string> = []
  let end = list.length
  while (end >= 0 && nodes.length <= maxHops) {
    const comma = end === 0 ? -1 : list.lastIndexOf(",", end - 1)
    nodes.push(list.slice(comma + 1, end).trim())
    end = comma
  }
  return nodes.toReversed()
}

const isThere = (header: string | undefined): header is string => header !== undefined && header.trim() !== ""

/**
 * Believes the address that a request comes from, unless it is a trusted proxy's. Then it is the right-most node of
 * `Forwarded` (RFC 7239) and `X-Forwarded-For` that is no trusted proxy: what stands to the left of it anybody may
 * have written. A proxy adds to one of the two and may pass the other on as its client made it up: where they name
 * different clients neither is believed, nor is a list that has something else at that place. Where all are trusted
 * proxies it is the first. IPv4-mapped addresses are IPv4.
 */
export const make = (trusted: ReadonlyArray<IpNetwork.IpNetwork>): ClientAddress => {
  const isTrusted = (address: NetAddress.IpAddress) =>
    trusted.some((network) => IpNetwork.contains(network, address))

  const walk = (nodes: ReadonlyArray<string | undefined>): NetAddress.IpAddress | undefined => {
    let first: NetAddress.IpAddress | undefined
    for (const [hops, node] of nodes.toReversed().entries()) {
      first = node === undefined || hops === maxHops ? undefined : addressOf(node)
      if (first === undefined || !isTrusted(first)) return first
    }
    return first
  }

  return (peer, headers) => {
    // A link-local address of IPv6 comes with the name of its interface.
    const address = peer === undefined ? undefined : addressFrom(peer.split("%", 1)[0] ?? "")
    if (address === undefined || trusted.length === 0 || !isTrusted(address)) return address
    const { forwarded, "x-forwarded-for": list } = headers
    const named = [
      ...(isThere(forwarded) ? [walk(forwardedNodes(forwarded) ?? [])] : []),
      ...(isThere(list) ? [walk(lastOf(list))] : [])
    ]
    const [one, other = one] = named.filter((each) => each === undefined || !isTrusted(each))
    if (named.includes(undefined) || !Equal.equals(one, other)) return undefined
    return one ?? named[0] ?? address
  }
}
