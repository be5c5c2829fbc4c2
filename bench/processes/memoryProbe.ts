/** Loaded into the service beside it (`--import`): tells how much memory it has, on a port of the loopback. */
import { createServer } from "node:http"
import { setting } from "./Parent.ts"

const { gc } = globalThis

createServer((_request, response) => {
  // What is left is in use; with the garbage the figures would tell of the collector's moods.
  void gc?.()
  const { external, heapUsed, rss } = process.memoryUsage()
  response.end(JSON.stringify({ rss, heap: heapUsed, external }))
})
  .listen(Number(setting("MEMORY_PORT")), "127.0.0.1")
  .unref()
