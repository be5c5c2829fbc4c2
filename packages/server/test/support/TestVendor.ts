import type { ConnectStep } from "@do-integrations/domain/DeepIntegration"
import type { DeepIntegrationType } from "@do-integrations/domain/Integration"
import { type Provider, Providers } from "@do-integrations/providers/Provider"
import { Unauthorized, Unavailable, VendorError } from "@do-integrations/providers/VendorError"
import { Context, Effect, Layer, Ref } from "effect"

/** How a vendor behaves just now. */
interface Behaviour {
  readonly step: ConnectStep
  /** Whether the credentials that it is asked about hold, or it cannot say. */
  readonly credentials: "hold" | "dead" | "unreachable"
}

const kind: Behaviour = {
  step: { next: "visit", url: "https://vendor.example/consent" },
  credentials: "hold"
}

/** Vendors that behave as a test says, behind the port that every real adapter implements. */
export class TestVendor extends Context.Service<
  TestVendor,
  {
    /** Sets how every vendor behaves from now on; what is left out is kind. */
    behave(behaviour: Partial<Behaviour>): Effect.Effect<void>
    provider(vendor: DeepIntegrationType): Provider
  }
>()("@do-integrations/server/test/TestVendor") {
  static readonly layer = Layer.effect(
    TestVendor,
    Effect.gen(function* () {
      const now = yield* Ref.make(kind)
      const unreachable = (vendor: DeepIntegrationType) =>
        new VendorError({ vendor, reason: new Unavailable() })
      return TestVendor.of({
        behave: (behaviour) => Ref.set(now, { ...kind, ...behaviour }),
        provider: (vendor) => ({
          connect: Effect.fnUntraced(function* () {
            const { credentials, step } = yield* Ref.get(now)
            return credentials === "unreachable" ? yield* unreachable(vendor) : step
          }),
          verify: Effect.fnUntraced(function* () {
            const { credentials } = yield* Ref.get(now)
            if (credentials === "unreachable") return yield* unreachable(vendor)
            if (credentials === "dead") return yield* new VendorError({ vendor, reason: new Unauthorized() })
            return {}
          })
        })
      })
    })
  )

  /** The registry with these vendors in it. */
  static readonly layerProviders = Layer.effect(
    Providers,
    Effect.map(TestVendor, (vendor) => Providers.of({ get: (type) => Effect.succeed(vendor.provider(type)) }))
  ).pipe(Layer.provide(TestVendor.layer))
}
