import { CustomerId } from "@do-integrations/domain/Tenant"
import { Timestamp } from "@do-integrations/domain/Time"
import { Array, Effect, Record, Redacted, Stdio, Stream } from "effect"
import { Flag, Prompt } from "effect/cli"
import { unusable } from "./Failure.ts"

/** A flag that may be left out, as the field of a payload or a query that it is given for. */
export const field = <Name extends string, A>(name: Name, flag: Flag.Flag<A>) =>
  flag.pipe(
    Flag.map((value) => Record.singleton(name, value)),
    Flag.withDefault({})
  )

/** A flag that holds a time, such as `2026-02-03T04:05:06Z`. */
export const time = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.withSchema(Timestamp))

/** `--limit` and `--cursor` of every list. */
export const paging = {
  limit: Flag.Int("limit").pipe(
    Flag.withDescription("How many at most, 1 to 100"),
    Flag.map((limit) => ({ limit })),
    Flag.withDefault({})
  ),
  cursor: Flag.String("cursor").pipe(
    Flag.withDescription("Where the page before ended"),
    Flag.map((cursor) => ({ cursor })),
    Flag.withDefault({})
  )
}

/** `--customer`, which confines what is made or listed to one customer of the tenant's. */
export const customer = Flag.String("customer").pipe(
  Flag.withDescription("The tenant's own id of one of its customers"),
  Flag.withSchema(CustomerId),
  Flag.map((customerId) => ({ customerId })),
  Flag.withDefault({})
)

const piped = Effect.gen(function* () {
  const { stdin } = yield* Stdio.Stdio
  const text = yield* stdin.pipe(Stream.decodeText, Stream.mkString)
  return text.replace(/\r?\n$/, "")
})

/**
 * A secret from a prompt that does not echo it, or from standard input when that is no terminal. Never from
 * an argument: those are seen by every process on the machine and stay in the shell's history.
 */
export const secret = Effect.fnUntraced(function* (message: string) {
  const { stdinIsTerminal } = yield* Stdio.Stdio
  if (yield* stdinIsTerminal) return yield* Prompt.run(Prompt.Password({ message }))
  return Redacted.make(yield* piped)
})

/** So many secrets, like {@link secret}: asked for one after the other, or a line of standard input for each. */
export const secrets = Effect.fnUntraced(function* (message: string, count: number) {
  const { stdinIsTerminal } = yield* Stdio.Stdio
  if (count === 1) return [yield* secret(message)]
  if (yield* stdinIsTerminal) {
    return yield* Effect.forEach(Array.range(1, count), (number) =>
      Prompt.run(Prompt.Password({ message: `${message} (${number} of ${count})` }))
    )
  }
  const lines = (yield* piped).split(/\r?\n/)
  if (lines.length !== count) {
    return yield* unusable(`Expected ${count} secrets on standard input, each on a line of its own.`)
  }
  return lines.map((line) => Redacted.make(line))
})
