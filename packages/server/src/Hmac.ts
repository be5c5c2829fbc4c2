import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { Layer } from "effect"
import { Mac } from "effect/crypto"
import { createHmac, createSecretKey, type KeyObject } from "node:crypto"

/**
 * HMACs on Node's own keys, each made once: for a key that comes as bytes Node makes one anew with every message,
 * which takes six times as long as the HMAC itself.
 */
export const layer = Layer.suspend(() => {
  const keys = new WeakMap<Uint8Array, KeyObject>()
  const keyOf = (bytes: Uint8Array): KeyObject => {
    const known = keys.get(bytes)
    if (known !== undefined) return known
    const key = createSecretKey(bytes)
    keys.set(bytes, key)
    return key
  }
  return Mac.layerWebCryptoWith({
    hmac: (hash, key, data) => createHmac(hash, keyOf(key)).update(data).digest()
  })
}).pipe(Layer.provide(NodeCrypto.layerSecureRandom))
