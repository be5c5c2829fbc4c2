import { Bytes, Context, Effect, Layer } from "effect"
import { Aead, type CryptoError, SecureRandom } from "effect/crypto"

const nonceLength = Aead.aes256Gcm.nonceLength

/** What a box adds to its content, in bytes: the nonce in front (12) and the tag behind (16). */
export const overhead = nonceLength + 16

/** AES-256-GCM boxes: a fresh random nonce, the ciphertext, the tag. */
export class SecretBox extends Context.Service<
  SecretBox,
  {
    /** A new random key. */
    readonly generateKey: Effect.Effect<Aead.Key<Aead.AesGcm>>
    /** Encrypts `content` and binds it to `additionalData`. */
    close(key: Aead.Key, content: Uint8Array, additionalData: Uint8Array): Effect.Effect<Uint8Array>
    /** Decrypts a box; fails when key, box or additional data are not those that it was closed with. */
    open(
      key: Aead.Key,
      box: Uint8Array,
      additionalData: Uint8Array
    ): Effect.Effect<Uint8Array, CryptoError.DecryptionFailed>
  }
>()("@do-integrations/server/Vault/SecretBox") {
  static readonly layer = Layer.effect(
    SecretBox,
    Effect.gen(function* () {
      const aead = yield* Aead.Aead
      const random = yield* SecureRandom.SecureRandom

      const close = Effect.fnUntraced(function* (key: Aead.Key, content: Uint8Array, aad: Uint8Array) {
        const nonce = yield* random.randomBytes(nonceLength)
        return Bytes.concat([nonce, yield* aead.encrypt(key, content, { nonce, aad })])
      }, Effect.orDie)

      const open = (key: Aead.Key, box: Uint8Array, aad: Uint8Array) =>
        aead
          .decrypt(key, box.subarray(nonceLength), { nonce: box.subarray(0, nonceLength), aad })
          .pipe(
            Effect.catch((error) =>
              error.reason._tag === "DecryptionFailed" ? Effect.fail(error.reason) : Effect.die(error)
            )
          )

      return SecretBox.of({ generateKey: Effect.orDie(aead.generateKey(Aead.aes256Gcm)), close, open })
    })
  ).pipe(Layer.provide(Aead.layerWebCrypto), Layer.provide(SecureRandom.layerWebCrypto))
}
