import { Position } from "@do-integrations/domain/Event"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Redacted, Stream } from "effect"
import { follow, type FollowOptions } from "../src/EventStream.ts"
import { IntegrationsClient } from "../src/IntegrationsClient.ts"
import { type Answer, json, reset, scripted, sse } from "./support/Peer.ts"

const apiKey = Redacted.make("doi_test")

const event = (position: string, type = "invoice.paid") => ({
  id: "evt_01k9zv7q1zf2hrmwyejc9pq5ns",
  type,
  data: { position },
  createdAt: "2026-01-02T03:04:05.000Z",
  position
})
const message = (position: string) =>
  `: still here\n\nid: ${position}\nevent: event\ndata: ${JSON.stringify(event(position))}\n\n`

/** Follows a peer that answers like this for `count` events. */
const following = (answers: readonly [Answer, ...Array<Answer>], count: number, options?: FollowOptions) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { baseUrl, requests } = yield* scripted(...answers)
      const result = yield* follow(options).pipe(
        Stream.take(count),
        Stream.runCollect,
        Effect.result,
        Effect.provide(IntegrationsClient.layer({ baseUrl, apiKey }))
      )
      const positions =
        result._tag === "Success" ? result.success.map((one) => String(one.position)) : result.failure._tag
      return {
        positions,
        asked: requests.map(({ headers, url }) => [url, headers["last-event-id"]])
      }
    })
  )

describe.concurrent("follow", () => {
  it.live("goes on after the last event when the service ends the stream", () =>
    Effect.gen(function* () {
      const { asked, positions } = yield* following(
        [sse(message("7-1"), message("7-2")), sse(), sse(message("9-3"))],
        3,
        { after: Position.make("5-1"), type: "invoice.paid" }
      )
      assert.deepStrictEqual(positions, ["7-1", "7-2", "9-3"])
      const url = "/v1/events/stream?type=invoice.paid"
      assert.deepStrictEqual(asked, [
        [url, "5-1"],
        [url, "7-2"],
        [url, "7-2"]
      ])
    })
  )

  it.live("goes on when the connection breaks in the middle of an event", () =>
    Effect.gen(function* () {
      const broken: Answer = (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write(message("7-1") + message("7-2").slice(0, 40), () =>
          setTimeout(() => response.socket?.destroy(), 50)
        )
      }
      const { asked, positions } = yield* following([broken, reset, sse(message("7-2"))], 2, {
        after: Position.make("5-1")
      })
      assert.deepStrictEqual(positions, ["7-1", "7-2"])
      assert.deepStrictEqual(
        asked.map(([, last]) => last),
        ["5-1", "7-1", "7-1"]
      )
    })
  )

  it.live("starts where the log stands, so that a break before the first event loses none", () =>
    Effect.gen(function* () {
      const newest = json(200, { items: [event("41-7")], nextCursor: "more", horizon: "40-0" })
      const { asked, positions } = yield* following([newest, sse(), sse(message("42-1"))], 1)
      assert.deepStrictEqual(positions, ["42-1"])
      assert.deepStrictEqual(asked, [
        ["/v1/events?limit=1", undefined],
        ["/v1/events/stream", "40-0"],
        ["/v1/events/stream", "40-0"]
      ])
    })
  )

  it.live("waits as long as the service asks, and stops when it refuses", () =>
    Effect.gen(function* () {
      const refusal = { type: "urn:do-integrations:problem:unauthorized", title: "no", status: 401 }
      const { asked, positions } = yield* following([sse("retry: 700\n\n"), json(401, refusal)], 1, {
        after: Position.make("5-1")
      })
      assert.strictEqual(positions, "Unauthorized")
      assert.strictEqual(asked.length, 2)
    })
  )

  it.live("closes the connection when nobody listens any more", () =>
    Effect.gen(function* () {
      const opened = yield* Deferred.make<void>()
      const closed = yield* Deferred.make<void>()
      const open: Answer = (response) => {
        Deferred.doneUnsafe(opened, Effect.void)
        response.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
        response.writeHead(200, { "content-type": "text/event-stream" }).write(message("7-1"))
      }
      const { baseUrl } = yield* scripted(open)
      const fiber = yield* follow({ after: Position.make("5-1") }).pipe(
        Stream.runDrain,
        Effect.provide(IntegrationsClient.layer({ baseUrl, apiKey })),
        Effect.forkChild
      )
      yield* Deferred.await(opened)
      assert.isFalse(yield* Deferred.isDone(closed))
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(closed).pipe(Effect.timeout("5 seconds"))
    })
  )
})
