import { type Matcher, matcherOf } from "@do-integrations/domain/Webhook/Filter"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Schema } from "effect"

/** Endpoints whose matchers are kept. */
const defaultSize = 1000

// The contract's bounds were looked at when it was saved.
const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.JsonObject))

/**
 * Reads filters of endpoints as they are stored, and keeps the matchers of those that were met last: every publish
 * meets the same ones, and reading a filter takes longer than the test that it stands for. Kept by endpoint:
 * to hash a long text at each look takes long, too.
 */
export const makeMatchers = (size = defaultSize) => {
  const kept = new Map<OutboundWebhookId, { readonly filter: string; readonly matcher: Matcher }>()

  return Effect.fnUntraced(function* (id: OutboundWebhookId, filter: string) {
    const before = kept.get(id)
    const entry =
      before?.filter === filter ? before : { filter, matcher: matcherOf(yield* Effect.orDie(decode(filter))) }
    // Behind the others: the first one is the one that was not met for longest.
    kept.delete(id)
    kept.set(id, entry)
    const { value: first } = kept.keys().next()
    if (first !== undefined && kept.size > size) kept.delete(first)
    return entry.matcher
  })
}
