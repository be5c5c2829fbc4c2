/** The baseline's web server: an event and the jobs of its deliveries in one transaction for each request. */
import { Schema } from "effect"
import express from "express"
import { createHash, randomUUID, timingSafeEqual } from "node:crypto"
import { Pool } from "pg"
import { PgBoss } from "pg-boss"
import { hear, setting, tell } from "../processes/Parent.ts"
import { readEndpoints } from "./Endpoints.ts"
import { type Job, poolSize, queue } from "./Settings.ts"

const hash = (text: string) => createHash("sha256").update(text).digest()

const connectionString = setting("DATABASE_URL")
const key = hash(`Bearer ${setting("API_KEY")}`)
const pool = new Pool({ connectionString, max: poolSize })
const endpoints = Map.groupBy(await readEndpoints(pool), ({ eventType }) => eventType)

// The worker's process looks after the queue; this one only adds to it, through the connections of its requests.
const boss = new PgBoss({ connectionString, max: 1, supervise: false, schedule: false, migrate: false })
boss.on("error", (error) => console.error("pg-boss:", error.message))
await boss.start()

const app = express()
app.disable("x-powered-by")
app.disable("etag")
app.use(express.json({ limit: "256kb" }))

app.use((request, response, next) => {
  if (timingSafeEqual(hash(request.headers.authorization ?? ""), key)) next()
  else response.status(401).json({ error: "unauthorized" })
})

// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 answers 500 when the promise is rejected
app.post("/v1/events", async (request, response) => {
  const { data, type } = request.body
  if (typeof type !== "string" || typeof data !== "object" || data === null) {
    response.status(400).json({ error: "type and data are required" })
    return
  }
  const createdAt = new Date()
  const event = { id: `evt_${randomUUID()}`, type, data, createdAt }
  const client = await pool.connect()
  try {
    await client.query("BEGIN")
    await client.query("INSERT INTO events (id, type, data, created_at) VALUES ($1, $2, $3, $4)", [
      event.id,
      type,
      data,
      createdAt
    ])
    for (const endpoint of endpoints.get(type) ?? []) {
      const job: Job = {
        eventId: event.id,
        endpointId: endpoint.id,
        type,
        timestamp: createdAt.toISOString(),
        data
      }
      await boss.send(queue, job, {
        db: { executeSql: (text, values) => client.query(text, values) }
      })
    }
    await client.query("COMMIT")
  } catch (error) {
    await client.query("ROLLBACK")
    throw error
  } finally {
    client.release()
  }
  response.status(201).json(event)
})

app.listen(Number(setting("PORT")), "127.0.0.1", () => {
  hear(Schema.Unknown, () => {})
  tell({ ready: true })
})
