import type { InboundWebhookPatch } from "@do-integrations/domain/Webhook/Inbound"
import { orderingOf } from "@do-integrations/domain/Webhook/Outbound"
import { type Columns, json } from "../Sql/Patch.ts"

/** The columns of what is set of an inbound webhook; its secrets are sealed elsewhere. */
export const columnsOf = (changes: Omit<InboundWebhookPatch, "secrets">): Columns => ({
  name: changes.name,
  source: changes.source,
  enabled: changes.enabled,
  dedupe: json(changes.dedupe),
  event_type: json(changes.eventType),
  routes: json(changes.routes),
  retry: json(changes.retry),
  concurrency: changes.concurrency,
  ordering: json(changes.ordering && orderingOf(changes.ordering)),
  methods: changes.methods,
  content_types: changes.contentTypes,
  allowed_networks: changes.allowedNetworks,
  rate_limit: changes.rateLimit,
  reply: json(changes.reply)
})
