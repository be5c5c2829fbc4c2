import { assert, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as http from "node:http"
import * as https from "node:https"
import { Egress } from "../src/Egress.ts"
import { listen } from "./EgressReceiver.ts"

/** A certificate of its own authority for `receiver.test`, valid from 2020 to 2120; it proves nothing elsewhere. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/YJEqVEOVZ5di/I3
8UnHDMVB3Jne5aiCKFhdoEBV286hRANCAAQJ2bC/i6L51Xh5wttO6bJe2D5cl7Hj
8EUAXYmLzKx+pFFYFrp83oMbAc3ifUeEHSu+OnkWTDZEaHAXd2j+JxUm
-----END PRIVATE KEY-----`
const cert = `-----BEGIN CERTIFICATE-----
MIIBbTCCAROgAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1yZWNlaXZl
ci50ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAYMRYwFAYD
VQQDDA1yZWNlaXZlci50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECdmw
v4ui+dV4ecLbTumyXtg+XJex4/BFAF2Ji8ysfqRRWBa6fN6DGwHN4n1HhB0rvjp5
Fkw2RGhwF3do/icVJqNMMEowGAYDVR0RBBEwD4INcmVjZWl2ZXIudGVzdDAPBgNV
HRMBAf8EBTADAQH/MB0GA1UdDgQWBBQhMDkFp3ljbwa12duQfxtnscbNKTAKBggq
hkjOPQQDAgNIADBFAiEAroFiZsE93u39lxy0ArIpGLWcV8AfxpwKT4VT8hyzVuUC
ICFLX9B0658Sq2TElNQQQRWXa++qI4LP5QQ7VXO6CjPU
-----END CERTIFICATE-----`

const get = Effect.fnUntraced(function* (url: string) {
  const egress = yield* Egress
  return yield* egress.dispatch({
    url: new URL(url),
    method: "GET",
    headers: {},
    deadline: Duration.seconds(5),
    maxBody: 1024
  })
})

const lookup = () => Effect.succeed(["127.0.0.1"])
const trusting = Egress.layer({ allow: ["127.0.0.1/32"], lookup, ca: cert })

it.live("verifies the certificate and the host name over the pinned address", () =>
  Effect.gen(function* () {
    const port = yield* listen(
      https.createServer({ key, cert }, (_request, response) => response.end("proved"))
    )
    const answer = yield* Effect.provide(get(`https://receiver.test:${port}/`), trusting)
    assert.strictEqual(new TextDecoder().decode(answer.body), "proved")
    const otherName = yield* Effect.provide(Effect.flip(get(`https://other.test:${port}/`)), trusting)
    assert.deepInclude(otherName.reason, { _tag: "TlsFailure", code: "ERR_TLS_CERT_ALTNAME_INVALID" })
    const byAddress = yield* Effect.provide(Effect.flip(get(`https://127.0.0.1:${port}/`)), trusting)
    assert.strictEqual(byAddress.reason._tag, "TlsFailure")
    const untrusting = Egress.layer({ allow: ["127.0.0.1/32"], lookup })
    const unknown = yield* Effect.provide(Effect.flip(get(`https://receiver.test:${port}/`)), untrusting)
    assert.strictEqual(unknown.reason._tag, "TlsFailure")
  })
)

it.live("reports a peer without TLS as such, a closed port as refused", () =>
  Effect.gen(function* () {
    const port = yield* listen(http.createServer())
    const plain = yield* Effect.flip(get(`https://receiver.test:${port}/`))
    assert.strictEqual(plain.reason._tag, "TlsFailure")
    const closed = yield* Effect.flip(get("https://receiver.test:1/"))
    assert.deepInclude(closed.reason, { _tag: "ConnectFailed", code: "ECONNREFUSED" })
  }).pipe(Effect.provide(trusting))
)
