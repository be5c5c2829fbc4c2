/** The baseline of the way in: verified, and one statement for each request. */
import { Schema } from "effect"
import express from "express"
import { Pool } from "pg"
import { Webhook } from "standardwebhooks"
import { hear, setting, tell } from "../processes/Parent.ts"
import { poolSize } from "./Settings.ts"

const pool = new Pool({ connectionString: setting("DATABASE_URL"), max: poolSize })
const webhook = new Webhook(setting("SECRET"))

const app = express()
app.disable("x-powered-by")
app.disable("etag")

// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 answers 500 when the promise is rejected
app.post("/webhooks", express.raw({ type: "*/*", limit: "1mb" }), async (request, response) => {
  const id = request.get("webhook-id") ?? ""
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": request.get("webhook-timestamp") ?? "",
    "webhook-signature": request.get("webhook-signature") ?? ""
  }
  try {
    webhook.verify(request.body, headers)
  } catch {
    response.status(401).json({ error: "invalid signature" })
    return
  }
  const { rowCount } = await pool.query(
    "INSERT INTO messages (external_id, headers, body) VALUES ($1, $2, $3) ON CONFLICT (external_id) DO NOTHING",
    [id, request.headers, request.body]
  )
  response.json({ duplicate: rowCount === 0 })
})

app.listen(Number(setting("PORT")), "127.0.0.1", () => {
  hear(Schema.Unknown, () => {})
  tell({ ready: true })
})
