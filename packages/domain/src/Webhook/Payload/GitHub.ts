import type { Schema } from "effect"
import { actionsEvents } from "./GitHub/Events/Actions.ts"
import { appEvents } from "./GitHub/Events/Apps.ts"
import { branchEvents } from "./GitHub/Events/Branches.ts"
import { checkEvents } from "./GitHub/Events/Checks.ts"
import { discussionEvents } from "./GitHub/Events/Discussions.ts"
import { issueEvents } from "./GitHub/Events/Issues.ts"
import { organizationEvents } from "./GitHub/Events/Organizations.ts"
import { projectEvents } from "./GitHub/Events/Projects.ts"
import { pullEvents } from "./GitHub/Events/Pulls.ts"
import { releaseEvents } from "./GitHub/Events/Releases.ts"
import { repositoryEvents } from "./GitHub/Events/Repositories.ts"
import { securityEvents } from "./GitHub/Events/Security.ts"
import { read, untyped, type Typed, type Untyped } from "./Reading.ts"

/**
 * The payloads of GitHub's events ("Webhook events and payloads" in its documentation), by the name in
 * `X-GitHub-Event`. A payload stays the very value that came: fields that are not named here are in it all the same.
 * Words that GitHub may add later fit; an action that it adds does not.
 */
export const GitHubPayloads = {
  ...repositoryEvents,
  ...branchEvents,
  ...issueEvents,
  ...discussionEvents,
  ...pullEvents,
  ...checkEvents,
  ...actionsEvents,
  ...releaseEvents,
  ...securityEvents,
  ...organizationEvents,
  ...projectEvents,
  ...appEvents
}

/** The name of an event whose payload is typed. */
export type GitHubEventName = keyof typeof GitHubPayloads

type Payloads = { readonly [Name in GitHubEventName]: (typeof GitHubPayloads)[Name]["Type"] }

/** The payload of an event. */
export type GitHubPayload<Name extends GitHubEventName> = Payloads[Name]

/** One of these events with its payload. */
export type TypedEvent<Name extends GitHubEventName> = { [Each in Name]: Typed<Each, Payloads[Each]> }[Name]

/** What GitHub sent: one of the typed events, or whatever else as it came. */
export type GitHubEvent = TypedEvent<GitHubEventName> | Untyped

/** Whether the payload of an event is typed. */
export const isGitHubEventName = (name: string): name is GitHubEventName =>
  Object.hasOwn(GitHubPayloads, name)

const schemas: { readonly [Name in GitHubEventName]: Schema.Codec<Payloads[Name]> } = GitHubPayloads

/** Reads the payload of an event that is typed. One that does not fit passes through as it came. */
export const decodeTyped = <Name extends GitHubEventName>(
  name: Name,
  payload: Schema.Json
): TypedEvent<Name> | Untyped => read(schemas[name], name, payload)

/**
 * Reads what GitHub sent under the name in `X-GitHub-Event`. An event that is unknown, and a payload that does not
 * fit, pass through as they came.
 */
export const decodeGitHub = (name: string, payload: Schema.Json): GitHubEvent =>
  isGitHubEventName(name) ? decodeTyped(name, payload) : untyped(name, payload)
