import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { batchType, EventTypeName, reservedNamespaces, TenantEventTypeName } from "../src/Event.ts"
import { platformEvents } from "../src/Event/Platform.ts"
import { patternsFor } from "../src/Webhook/Outbound.ts"

const takes = (pattern: string, type: string) => patternsFor(type).includes(pattern)

describe("platform events", () => {
  it("are exactly these seven, with these payloads", () => {
    const payloads = Object.entries(platformEvents).map(([type, payload]) => [
      type,
      Object.keys(payload.fields).toSorted()
    ])
    assert.deepStrictEqual(payloads, [
      ["integration:connected", ["integrationType"]],
      ["integration:disconnected", ["integrationType"]],
      ["integration:error", ["error", "integrationType"]],
      ["webhook:received", ["source", "webhookId"]],
      ["webhook:sent", ["success", "webhookId"]],
      ["oauth:refreshed", ["connectionId", "provider"]],
      ["oauth:expired", ["connectionId", "provider"]]
    ])
    const decode = Schema.decodeUnknownExit(platformEvents["webhook:received"])
    assert.strictEqual(decode({ webhookId: "whi_01h455vb4pex5vsknk084sn02q" })._tag, "Success")
    assert.strictEqual(decode({ source: "github" })._tag, "Failure")
  })

  it("are beyond what a tenant may publish, with every reserved namespace", () => {
    const mayPublish = Schema.is(TenantEventTypeName)
    for (const type of Object.keys(platformEvents)) assert.isFalse(mayPublish(type), type)
    for (const namespace of ["integration", "webhook", "oauth", "credential", "endpoint", "directory"]) {
      assert.isTrue(reservedNamespaces.has(namespace), namespace)
      for (const type of [namespace, `${namespace}.x`, `${namespace}:x`, `${namespace}.x:y`]) {
        assert.isFalse(mayPublish(type), type)
      }
      assert.isTrue(mayPublish(`${namespace}s.x`))
      assert.isTrue(mayPublish(`x.${namespace}`))
    }
  })

  it("leave the type of webhooks with several events to those", () => {
    const mayPublish = Schema.is(TenantEventTypeName)
    assert.isFalse(mayPublish(batchType))
    for (const type of ["batch.closed", "batch:closed", "batches", "nightly.batch"]) {
      assert.isTrue(mayPublish(type), type)
    }
  })
})

describe("patterns", () => {
  it("take a name, everything below a prefix, or everything", () => {
    assert.isTrue(takes("invoice.paid", "invoice.paid"))
    assert.isTrue(takes("invoice.*", "invoice.paid"))
    assert.isTrue(takes("invoice.*", "invoice.item.added"))
    assert.isTrue(takes("invoice.item:*", "invoice.item:added"))
    assert.isTrue(takes("*", "invoice.paid"))
    assert.isFalse(takes("invoice.*", "invoice"))
    assert.isFalse(takes("invoice.*", "invoices.paid"))
    assert.isFalse(takes("invoice.*", "invoice:paid"))
    assert.isFalse(takes("invoice", "invoice.paid"))
  })

  it("take webhook events only when they name them", () => {
    for (const type of ["webhook:received", "webhook:sent"]) {
      assert.isFalse(takes("*", type))
      assert.isTrue(takes("webhook:*", type))
      assert.isTrue(takes(type, type))
    }
    assert.isTrue(takes("*", "integration:connected"))
    assert.isTrue(takes("*", "webhooks.mine"))
  })

  it.prop("take exactly what they say, of any type", [EventTypeName, EventTypeName], ([type, other]) => {
    for (const pattern of patternsFor(type)) {
      assert.isTrue(pattern === "*" || pattern === type || type.startsWith(pattern.slice(0, -1)), pattern)
      if (pattern === "*") continue
      const below = pattern.endsWith("*") && other.startsWith(pattern.slice(0, -1))
      assert.strictEqual(takes(pattern, other), other === pattern || below)
    }
  })
})
