import { Schema } from "effect"

/** Hears what the benchmark says to this process, which ends with the benchmark. */
export const hear = <A>(schema: Schema.ConstraintDecoder<A>, handle: (message: A) => void): void => {
  const decode = Schema.decodeUnknownSync(schema)
  process.on("message", (message) => handle(decode(message)))
  process.once("disconnect", () => process.exit())
}

/** A setting that the benchmark started this process with. */
export const setting = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is missing`)
  return value
}

/** Says something to the benchmark. */
export const tell = (message: object): void => void process.send?.(message)
