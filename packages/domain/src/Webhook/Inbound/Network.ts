import { Result, Schema } from "effect"
import { IpNetwork } from "effect/net"

/** A network of addresses in CIDR form, such as `192.0.2.0/24`, or one address. */
export const Network = Schema.String.annotate({
  description:
    "An IPv4 or IPv6 network in CIDR form, such as `192.0.2.0/24`; a bare address stands for itself."
})
  .check(
    Schema.isMaxLength(100),
    Schema.makeFilter((text) =>
      Result.isSuccess(
        IpNetwork.fromString(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`)
      )
        ? undefined
        : "Expected a network such as 192.0.2.0/24, or an address"
    )
  )
  .annotate({ identifier: "Network" })
