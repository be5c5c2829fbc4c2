import type { Schema } from "effect"
import { GitHubPayloads, isGitHubEventName, type GitHubEventName } from "./Payload/GitHub.ts"
import { StandardPayload } from "./Payload/Standard.ts"

/**
 * The schema of what a source sends under a type of event: GitHub's by the name in `X-GitHub-Event`, the one body of
 * Standard Webhooks by any. Nothing where nobody knows the source or its event: its payload is JSON like any other.
 */
export function payloadSchema<Name extends GitHubEventName>(
  source: "github",
  eventType: Name
): (typeof GitHubPayloads)[Name]
export function payloadSchema(source: "standard", eventType?: string): typeof StandardPayload
export function payloadSchema(source: string, eventType?: string): Schema.Codec<unknown, unknown> | undefined
export function payloadSchema(
  source: string,
  eventType?: string
): Schema.Codec<unknown, unknown> | undefined {
  if (source === "standard") return StandardPayload
  if (source !== "github" || eventType === undefined || !isGitHubEventName(eventType)) return undefined
  return GitHubPayloads[eventType]
}
