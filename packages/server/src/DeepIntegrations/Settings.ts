import { configurations } from "@do-integrations/domain/DeepIntegration"
import type { DeepIntegrationType } from "@do-integrations/domain/Integration"
import { type Fault, InvalidRequest, Unprocessable } from "@do-integrations/domain/Problem"
import { Effect, Redacted, Schema } from "effect"
import { faultsOf } from "../Http/Faults.ts"

type Json = { readonly [field: string]: Schema.Json }

/**
 * Checks settings against the vendor's own schema. Fields that the vendor proves are refused by name: an
 * identity is proved, never configured.
 */
export const decodeSettings = Effect.fnUntraced(function* (type: DeepIntegrationType, settings: Json) {
  const { settings: schema, whole } = configurations[type]
  const readOnly = Object.keys(settings).filter((name) => name in whole.fields && !(name in schema.fields))
  if (readOnly.length > 0) {
    const errors = readOnly.map((name): Fault => ({
      path: ["payload", name],
      message: "Read-only: it is proved by the vendor, not configured"
    }))
    return yield* new Unprocessable({ detail: `Read-only: ${readOnly.join(", ")}`, errors })
  }
  yield* Schema.decodeUnknownEffect(schema)(settings, { onExcessProperty: "error", errors: "all" }).pipe(
    Effect.mapError((error) => new InvalidRequest({ errors: faultsOf("payload", error) }))
  )
  // The one secret among the settings is sealed, not part of the configuration at rest.
  const { webhookSecret, ...fields } = settings
  return {
    fields,
    webhookSecret: typeof webhookSecret === "string" ? Redacted.make(webhookSecret) : undefined
  }
})
