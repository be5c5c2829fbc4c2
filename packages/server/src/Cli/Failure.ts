import { Fault } from "@do-integrations/domain/Problem"
import { Cause, Exit, Option, Runtime, Schema } from "effect"
import { CliError } from "effect/cli"
import { HttpClientError } from "effect/http"
import { shown } from "./Output.ts"

/** What a problem document tells a person; any failure of the client's that has it is one. */
const Problem = Schema.Struct({
  title: Schema.String,
  message: Schema.String,
  errors: Schema.optionalKey(Schema.Array(Fault)),
  missingSettings: Schema.optionalKey(Schema.Array(Schema.String))
})

const decodeProblem = Schema.decodeUnknownOption(Problem)

const describeProblem = ({ errors = [], message, missingSettings = [], title }: typeof Problem.Type) => {
  const faults = [...errors.map(({ message, path }) => `${path.join(".")}: ${message}`), ...missingSettings]
  return [message === title ? title : `${title}: ${message}`]
    .concat(faults.length === 0 ? [] : `(${faults.join("; ")})`)
    .join(" ")
}

const describe = (error: unknown): string => {
  const problem = decodeProblem(error)
  if (Option.isSome(problem)) return describeProblem(problem.value)
  if (HttpClientError.isHttpClientError(error)) {
    return error.reason._tag === "TransportError"
      ? `No answer from ${error.request.url}. Start the service with \`npm start\`, or say where it is by --url or DOI_URL.`
      : `This is not DO Integrations, or another version of it: ${error.message}`
  }
  return error instanceof Error ? error.message.replaceAll(/\s+/g, " ") : String(error)
}

/** Why a command cannot be carried out as it was given. */
export const unusable = (userMessage: string) => new CliError.UserError({ cause: userMessage, userMessage })

/** A failure as one clear line for a person; the process exits with 1. */
export const explain = (error: unknown) =>
  CliError.isCliError(error)
    ? error
    : new CliError.UserError({ cause: error, userMessage: shown(describe(error)) })

/** How the process exits: to be told to stop is no failure. */
export const teardown: Runtime.Teardown = (exit, end) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? end(0) : Runtime.defaultTeardown(exit, end)
