import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { problemOf } from "./support/ProblemDocument.ts"
import {
  asGitHub,
  asStandard,
  asTimed,
  github,
  type Headers,
  open,
  secret,
  standard,
  standardSecret,
  timed
} from "./support/Senders.ts"
import { TestService } from "./support/TestService.ts"

interface Sender {
  readonly to: Effect.Success<ReturnType<typeof open>>
  /** The headers that hold what is signed, and the signature. */
  readonly names: ReadonlyMap<string, string>
}

/** One webhook of each scheme. */
class Senders extends Context.Service<Senders, Readonly<Record<"github" | "standard" | "timed", Sender>>>()(
  "@do-integrations/server/test/Ingress/Senders"
) {
  static readonly layer = Layer.effect(
    Senders,
    Effect.gen(function* () {
      const standardNames = [
        ["signature", "webhook-signature"],
        ["timestamp", "webhook-timestamp"],
        ["id", "webhook-id"]
      ] as const
      const timedNames = [
        ["signature", "x-signature"],
        ["timestamp", "x-time"]
      ] as const
      return Senders.of({
        github: {
          to: yield* open(github, secret),
          names: new Map([["signature", "x-hub-signature-256"]])
        },
        standard: { to: yield* open(standard, standardSecret), names: new Map(standardNames) },
        timed: { to: yield* open(timed, secret), names: new Map(timedNames) }
      })
    }).pipe(Effect.orDie)
  )
}

const services = Senders.layer.pipe(Layer.provideMerge(TestService.layer))

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("a signed message", (it) => {
  const Mutation = Schema.Struct({
    where: Schema.Literals(["body", "signature", "timestamp", "id"]),
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 })),
    // Printable, so that it may stand in a header, and no space, which headers lose at their ends.
    byte: Schema.Int.check(Schema.isBetween({ minimum: 0x21, maximum: 0x7e }))
  })

  it.effect.prop(
    "is refused and nothing of it kept once any signed byte was changed",
    {
      sender: Schema.Literals(["github", "standard", "timed"]),
      mutations: Schema.Array(Mutation).check(Schema.isMinLength(1), Schema.isMaxLength(10))
    },
    ({ mutations, sender }) =>
      Effect.gen(function* () {
        const { names, to } = (yield* Senders)[sender]
        const { messages, post } = to
        const before = (yield* messages).length
        const body = JSON.stringify({ zen: "Keep it logically awesome." })
        const now = Math.floor(Date.now() / 1000)
        const headers: Headers = {
          github: () => asGitHub(body),
          standard: () => asStandard(body, now),
          timed: () => asTimed(body, now)
        }[sender]()
        for (const { at, byte, where } of mutations) {
          const name = names.get(where)
          const was = name === undefined ? body : (headers[name] ?? "")
          const index = at % was.length
          const mutated = was.slice(0, index) + String.fromCharCode(byte) + was.slice(index + 1)
          // Hexadecimal digits mean the same in both cases.
          const means = (text: string) => (name === "x-hub-signature-256" ? text.toLowerCase() : text)
          if (means(mutated) === means(was)) continue
          const answer = yield* name === undefined
            ? post(mutated, headers)
            : post(body, { ...headers, [name]: mutated })
          assert.strictEqual(answer.status, 401, `${name ?? "body"}: ${mutated}`)
          assert.include(problemOf(answer).type, "invalid-signature")
        }
        assert.strictEqual((yield* messages).length, before)
        assert.strictEqual((yield* post(body, headers)).status, 200)
        assert.strictEqual((yield* messages).length, before + 1)
      }),
    { arbitrary: { runs: 60 } }
  )
})
