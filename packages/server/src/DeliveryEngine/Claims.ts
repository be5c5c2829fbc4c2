import type { DeliveryId } from "@do-integrations/domain/Webhook/Delivery"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Context, Deferred, Effect, Exit, Layer, Queue } from "effect"
import { SqlClient } from "effect/sql"
import { Topology } from "../Sql.ts"
import * as Column from "../Sql/Column.ts"

/** A delivery whose turn has come, with what is to be sent. */
export interface ClaimedDelivery {
  readonly id: DeliveryId
  readonly eventId: string
  readonly sequence: bigint
  readonly orderingKey: string | null
  /** Attempts made so far. */
  readonly attempts: number
  /** Those of them that were made before somebody had it delivered again. */
  readonly earlierAttempts: number
  /** When the round of attempts began that it is in. */
  readonly roundAt: Date
  readonly dueAt: Date
  readonly eventType: string
  readonly eventAt: Date
  /** The event's data, as JSON text. */
  readonly data: string
}

/** What is asked for: deliveries of one endpoint that are due, after the last one that was claimed. */
export interface ClaimRequest {
  readonly id: OutboundWebhookId
  readonly after: Pick<ClaimedDelivery, "dueAt" | "sequence"> | undefined
  readonly dueUntil: Date
  readonly limit: number
}

/** Deliveries in the order in which they are due, with the endpoint's revision; none: it was removed. */
export interface Claimed {
  readonly revision: string | undefined
  readonly deliveries: ReadonlyArray<ClaimedDelivery>
}

/** What is asked for of an endpoint with an order: the heads of its keys, with what follows each. */
export interface OrderedClaimRequest {
  readonly id: OutboundWebhookId
  /** Where among the keys to go on; undefined: from the first one. */
  readonly afterKey: string | undefined
  readonly dueUntil: Date
  /** Deliveries of one key. */
  readonly perKey: number
}

export interface OrderedClaimed extends Claimed {
  /** The last key that was looked at; undefined: all of them were. */
  readonly lastKey: string | undefined
}

/** Endpoints that one query serves; PGlite loses its connection over results of 16 MiB. */
const maxEndpoints = 24

/** Bytes of event data that one query answers with, about; each endpoint gets at least one delivery. */
const maxBytes = 4 * 1024 * 1024

/** Keys of an order that one query looks at. */
const maxKeys = 500

// The rows of the hot path are read as they are: decoding them by schema costs more than sending them.
interface Row extends Omit<ClaimedDelivery, "id"> {
  readonly place: number
  readonly revision: string | null
  readonly id: DeliveryId | null
}

const isDelivery = (row: Row): row is Row & ClaimedDelivery => row.id !== null

/**
 * Reads what is due. Nothing is marked in the table: an endpoint has one owner, who remembers what it has under
 * way. Requests of many endpoints share a query.
 */
export class Claims extends Context.Service<
  Claims,
  {
    claim(request: ClaimRequest): Effect.Effect<Claimed>
    claimOrdered(request: OrderedClaimRequest): Effect.Effect<OrderedClaimed>
    /**
     * Gives what is due and has no place in its endpoint's order one: it was published before the order began and
     * committed after. Answers whether there was any.
     */
    adopt(id: OutboundWebhookId, dueUntil: Date): Effect.Effect<boolean>
  }
>()("@do-integrations/server/DeliveryEngine/Claims") {
  static readonly layer = Layer.effect(
    Claims,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { committers } = yield* Topology
      const queue = yield* Queue.unbounded<{
        readonly request: ClaimRequest
        readonly answer: Deferred.Deferred<Claimed>
      }>()

      const due =
        sql.literal(`delivery_id AS id, event_id AS "eventId", sequence, ordering_key AS "orderingKey",
        attempts, earlier_attempts AS "earlierAttempts", round_at AS "roundAt", due_at AS "dueAt"`)
      // Bounded by LIMIT, so that the planner looks each event up and never reads all of them.
      const event = sql`
        CROSS JOIN LATERAL (
          SELECT type AS "eventType", created_at AS "eventAt", data FROM events WHERE id = due."eventId" LIMIT 1
        ) AS event`

      const read = (requests: ReadonlyArray<ClaimRequest>) => sql<Row>`
        SELECT request.place::int AS place, webhook.revision::text AS revision, ready.*
        FROM unnest(
          ${Column.text(requests.map(({ id }) => id))},
          ${Column.timestamptz(requests.map(({ after }) => after?.dueAt ?? null))},
          ${Column.bigint(requests.map(({ after }) => after?.sequence ?? 0n))},
          ${Column.timestamptz(requests.map(({ dueUntil }) => dueUntil))},
          ${Column.int(requests.map(({ limit }) => limit))}
        ) WITH ORDINALITY AS request(id, after_due, after_sequence, due_until, size, place)
        JOIN outbound_webhooks AS webhook ON webhook.id = request.id
        LEFT JOIN LATERAL (
          SELECT id, "eventId", sequence, "orderingKey", attempts, "earlierAttempts", "roundAt", "dueAt",
            "eventType", "eventAt", data
          FROM (
            SELECT *, sum(octet_length(data)) OVER (ORDER BY "dueAt", sequence) - octet_length(data) AS before
            FROM (
              SELECT ${due} FROM undelivered
              WHERE webhook_id = request.id AND due_at <= request.due_until
                AND (due_at, sequence) > (coalesce(request.after_due, '-infinity'), request.after_sequence)
              ORDER BY due_at, sequence LIMIT request.size) AS due ${event}) AS sized
          WHERE before < ${Math.floor(maxBytes / requests.length)}
        ) AS ready ON true
        ORDER BY place, "dueAt", sequence`

      const answerAll = Effect.fnUntraced(function* (requests: ReadonlyArray<ClaimRequest>) {
        const rows = yield* read(requests)
        const answers = requests.map(
          (): { revision: string | undefined; deliveries: Array<ClaimedDelivery> } => ({
            revision: undefined,
            deliveries: []
          })
        )
        for (const row of rows) {
          const answer = answers[row.place - 1]
          if (answer === undefined) continue
          answer.revision = row.revision ?? undefined
          if (isDelivery(row)) answer.deliveries.push(row)
        }
        return answers
      })

      // Whatever waits when a worker becomes free is one query.
      yield* Effect.gen(function* () {
        const batch = [yield* Queue.take(queue)]
        while (batch.length < maxEndpoints) {
          const next = Queue.takeUnsafe(queue)
          if (next === undefined || Exit.isFailure(next)) break
          batch.push(next.value)
        }
        const exit = yield* Effect.exit(Effect.orDie(answerAll(batch.map(({ request }) => request))))
        for (const [index, { answer }] of batch.entries()) {
          Deferred.doneUnsafe(
            answer,
            Exit.map(exit, (all) => all[index] ?? { revision: undefined, deliveries: [] })
          )
        }
      }).pipe(Effect.forever({ disableYield: true }), Effect.forkScoped, Effect.replicateEffect(committers))

      const claim = Effect.fnUntraced(function* (request: ClaimRequest) {
        const answer = yield* Deferred.make<Claimed>()
        yield* Queue.offer(queue, { request, answer })
        return yield* Deferred.await(answer)
      })

      // From key to key along the index. The head of each is what it has waited for longest; where that is not
      // due, because it failed or holds up its order, nothing of the key is.
      const claimOrdered = Effect.fn("DeliveryEngine.Claims.claimOrdered")(function* (
        request: OrderedClaimRequest
      ) {
        const { afterKey = null, dueUntil, id, perKey } = request
        const rows = yield* sql<Row & { readonly key: string | null; readonly bytes: bigint | null }>`
          WITH RECURSIVE head AS (
            (SELECT ordering_key, due_at FROM undelivered
              WHERE webhook_id = ${id} AND due_at IS NOT NULL AND ordering_key IS NOT NULL
                AND (${afterKey}::text IS NULL OR ordering_key > ${afterKey}::text)
              ORDER BY ordering_key, sequence LIMIT 1)
            UNION ALL
            SELECT next.* FROM head CROSS JOIN LATERAL (
              SELECT ordering_key, due_at FROM undelivered
              WHERE webhook_id = ${id} AND due_at IS NOT NULL AND ordering_key > head.ordering_key
              ORDER BY ordering_key, sequence LIMIT 1) AS next),
          heads AS MATERIALIZED (SELECT * FROM head LIMIT ${maxKeys})
          SELECT * FROM (
          SELECT 1 AS place, webhook.revision::text AS revision, heads.ordering_key AS key, ready.*,
            sum(octet_length(ready.data)) OVER (ORDER BY heads.ordering_key, ready.sequence) AS bytes
          FROM outbound_webhooks AS webhook
          LEFT JOIN heads ON true
          LEFT JOIN LATERAL (
            SELECT id, "eventId", sequence, "orderingKey", attempts, "earlierAttempts", "roundAt", "dueAt",
              "eventType", "eventAt", data
            FROM (
              SELECT ${due} FROM undelivered
              WHERE webhook_id = ${id} AND due_at IS NOT NULL AND ordering_key = heads.ordering_key
              ORDER BY sequence LIMIT ${perKey}) AS due ${event}
          ) AS ready ON heads.due_at <= ${dueUntil}
          WHERE webhook.id = ${id}) AS sized
          WHERE coalesce(bytes - octet_length(data), 0) < ${maxBytes}
          ORDER BY key, sequence`
        const keys = new Set(rows.map(({ key }) => key))
        const whole = keys.size < maxKeys && Number(rows.at(-1)?.bytes ?? 0) < maxBytes
        return {
          revision: rows[0]?.revision ?? undefined,
          deliveries: rows.flatMap((row) => (isDelivery(row) ? [row] : [])),
          // Cut short, there may be keys before the last one whose deliveries were left out.
          lastKey: whole ? undefined : (rows.findLast(isDelivery)?.key ?? rows.at(-1)?.key ?? undefined)
        }
      }, Effect.orDie)

      const adopt = Effect.fn("DeliveryEngine.Claims.adopt")(function* (
        id: OutboundWebhookId,
        dueUntil: Date
      ) {
        const adopted = yield* sql`
          UPDATE undelivered SET ordering_key = ''
          WHERE webhook_id = ${id} AND due_at <= ${dueUntil} AND ordering_key IS NULL
            AND EXISTS (SELECT FROM outbound_webhooks WHERE id = ${id} AND ordering IS NOT NULL)
          RETURNING delivery_id`
        return adopted.length > 0
      }, Effect.orDie)

      return Claims.of({ claim, claimOrdered, adopt })
    })
  )
}
