import { Effect, Layer, Logger, Option, Stdio } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"
import { AppConfig } from "./Config.ts"

/** Logs for people on a terminal, JSON lines everywhere else. */
export const logs = Layer.unwrap(
  Effect.gen(function* () {
    const stdio = yield* Stdio.Stdio
    return Logger.layer([(yield* stdio.stdoutIsTerminal) ? Logger.consolePretty() : Logger.consoleJson])
  })
)

/** Exports traces, metrics and logs when `OTEL_EXPORTER_OTLP_ENDPOINT` says where to. */
export const exporter = Layer.unwrap(
  Effect.gen(function* () {
    const { otlpEndpoint } = yield* AppConfig
    return Option.match(otlpEndpoint, {
      onNone: () => Layer.empty,
      onSome: (baseUrl) =>
        Otlp.layerJson({ baseUrl, resource: { serviceName: "do-integrations" } }).pipe(
          Layer.provide(FetchHttpClient.layer)
        )
    })
  })
)
