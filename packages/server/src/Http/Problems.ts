import { Problems } from "@do-integrations/domain/Api/Middleware"
import { Layer } from "effect"
import { exchange } from "./Exchange.ts"

/** The largest body of a request to the API, in bytes. */
const maxBody = 256 * 1024

/** Wraps every endpoint of the API, outside all other middleware. */
export const layer = Layer.succeed(Problems, (handler, { endpoint }) =>
  exchange({ path: endpoint.path, maxBody })(handler)
)
