import { Cause, Context, Effect, Layer, Logger, References, Tracer } from "effect"
import { inspect } from "node:util"
import type { Place } from "./Canaries.ts"

const shown = (value: unknown) => inspect(value, { depth: 12, maxArrayLength: null, maxStringLength: null })

/** All that a span would be exported with. */
const spanPlace = (span: Tracer.NativeSpan): Place => {
  const exit = span.status._tag === "Ended" ? span.status.exit : undefined
  const failure = exit?._tag === "Failure" ? Cause.pretty(exit.cause) : ""
  const links = span.links.map(({ attributes }) => attributes)
  const content = [span.name, shown(span.attributes), shown(span.events), shown(links), failure].join("\n")
  return { name: `span ${span.name}`, content }
}

/** Sees every log, from `Trace` on, and every span of a service under test. */
export class Witness extends Context.Service<
  Witness,
  { readonly logs: () => ReadonlyArray<Place>; readonly spans: () => ReadonlyArray<Place> }
>()("@do-integrations/server/test/Witness") {
  static readonly layer = Layer.unwrap(
    Effect.sync(() => {
      const logs: Array<Place> = []
      const spans: Array<Tracer.NativeSpan> = []
      const logger = Logger.make((entry) => {
        const forms = [Logger.formatJson, Logger.formatLogFmt, Logger.formatSimple]
        const written = forms.map((format) => format.log(entry))
        const content = [...written, shown(entry.message), shown(entry.cause)].join("\n")
        logs.push({ name: `log ${logs.length}`, content })
      })
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      return Layer.mergeAll(
        Logger.layer([logger]),
        Layer.succeed(Tracer.Tracer, tracer),
        Layer.succeed(References.MinimumLogLevel, "Trace"),
        Layer.succeed(Witness, Witness.of({ logs: () => logs, spans: () => spans.map(spanPlace) }))
      )
    })
  )
}
