import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ApiKeyId, Scope } from "../src/ApiKey.ts"
import { AuditEntryId } from "../src/Audit.ts"
import { Repository, RepositoryPath } from "../src/DeepIntegration/GitHub.ts"
import { EventId, EventTypeName, Position } from "../src/Event.ts"
import { HeaderName, WebUrl } from "../src/Http.ts"
import { IntegrationId } from "../src/Integration.ts"
import { CustomerId, DisplayName, Origin, TenantId } from "../src/Tenant.ts"
import { InboundWebhookId } from "../src/Webhook/Inbound/Id.ts"
import { MessageId } from "../src/Webhook/Inbound/Message.ts"
import { AttemptId, DeliveryId } from "../src/Webhook/Delivery.ts"
import { EventPattern, OutboundWebhookId } from "../src/Webhook/Outbound.ts"

const ids = {
  ten: TenantId,
  key: ApiKeyId,
  int: IntegrationId,
  whi: InboundWebhookId,
  who: OutboundWebhookId,
  evt: EventId,
  dlv: DeliveryId,
  att: AttemptId,
  msg: MessageId,
  aud: AuditEntryId
}

/** A base32 UUIDv7 from the TypeID specification's valid examples. */
const suffix = "01h455vb4pex5vsknk084sn02q"

describe("ids", () => {
  for (const [prefix, id] of Object.entries(ids)) {
    const accepts = Schema.is(id)
    it(`${prefix}_ takes its own ids and no others`, () => {
      assert.isTrue(accepts(`${prefix}_${suffix}`))
      for (const other of Object.keys(ids)) {
        assert.strictEqual(accepts(`${other}_${suffix}`), other === prefix)
      }
      for (const wrong of [
        suffix,
        `${prefix}_`,
        `${prefix}_${suffix}0`,
        `${prefix}_${suffix.slice(1)}`,
        `${prefix}_${suffix.toUpperCase()}`,
        `${prefix}_8${suffix.slice(1)}`,
        `${prefix}_${suffix.replace("5", "l")}`,
        ` ${prefix}_${suffix}`,
        `${prefix}_${suffix}\n`,
        42
      ]) {
        assert.isFalse(accepts(wrong), String(wrong))
      }
    })

    it.prop(`${prefix}_ is what every generated id begins with`, [id], ([value]) => {
      assert.strictEqual(Schema.decodeUnknownSync(id)(Schema.encodeSync(id)(value)), value)
      assert.match(value, new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`))
    })
  }
})

/** What each kind of text takes, and what it refuses. */
const texts: ReadonlyArray<
  readonly [string, Schema.ConstraintCodec<unknown, string>, ReadonlyArray<string>, ReadonlyArray<string>]
> = [
  [
    "CustomerId",
    CustomerId,
    ["c", "cus_42", "x".repeat(128), "a/b:c"],
    ["", "x".repeat(129), "a b", "é", "a\n"]
  ],
  [
    "DisplayName",
    DisplayName,
    ["Acme", "Müller & Söhne 株式会社"],
    ["", "x".repeat(201), "a\tb", "a\n", "\u0000"]
  ],
  [
    "Origin",
    Origin,
    ["https://app.example.com", "http://localhost:3000"],
    [
      "https://app.example.com/",
      "https://app.example.com:443",
      "app.example.com",
      "ftp://example.com",
      "https://u@h.io",
      "*"
    ]
  ],
  [
    "WebUrl",
    WebUrl,
    ["https://example.com/hooks?a=b", "http://127.0.0.1:8080/"],
    [
      "",
      "example.com",
      "ftp://example.com",
      "javascript:alert(1)",
      "https://u:p@example.com",
      "https://e.com/#f",
      `https://e.com/${"x".repeat(2048)}`
    ]
  ],
  ["HeaderName", HeaderName, ["X-Api-Key", "apikey"], ["", "a b", "a:b", "a\r\nb", "ä", "x".repeat(101)]],
  [
    "Repository",
    Repository,
    ["owner/repo", "o-1/r.e_p-o"],
    ["owner", "owner/", "/repo", "-o/repo", "o/r/x", "o/../x", "o/r?x"]
  ],
  [
    "RepositoryPath",
    RepositoryPath,
    ["", "docs", "docs/api/v1"],
    ["/docs", "docs/", "../x", "docs/../x", "./docs", "a//b"]
  ],
  [
    "EventTypeName",
    EventTypeName,
    ["invoice.paid", "a:b.c-d_e", "a.b.c.d.e.f.g.h"],
    ["", ".", "a.", ".a", "a..b", "a b", "a.*", "a.b.c.d.e.f.g.h.i", "x".repeat(65)]
  ],
  [
    "EventPattern",
    EventPattern,
    ["*", "invoice.*", "webhook:*", "invoice.paid"],
    ["", "**", "*.paid", "invoice*", "in*.paid", "invoice.*.x"]
  ],
  [
    "Position",
    Position,
    ["0-0", "18446744073709551615-9223372036854775807"],
    ["", "1", "-1-1", "1-", "18446744073709551616-0", "0-9223372036854775808", "1-1\n", "0x1-1"]
  ],
  ["Scope", Scope, ["events:read", "keys:admin"], ["", "*", "events:*", "events:admin", "EVENTS:READ"]]
]

describe("texts", () => {
  for (const [name, schema, good, bad] of texts) {
    it(`${name} takes what is documented and refuses the rest`, () => {
      const decode = Schema.decodeUnknownExit(schema)
      for (const text of good) assert.strictEqual(decode(text)._tag, "Success", JSON.stringify(text))
      for (const text of bad) assert.strictEqual(decode(text)._tag, "Failure", JSON.stringify(text))
    })
  }
})
