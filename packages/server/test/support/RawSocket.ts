import { Effect } from "effect"
import { connect, type Socket } from "node:net"

/** An answer as it stands on the wire. */
export interface WireAnswer {
  readonly status: number
  /** In lower case. */
  readonly head: string
  readonly body: string
}

/** What came back over a connection. */
export interface Said {
  readonly answers: ReadonlyArray<WireAnswer>
  /** Whether the server closed the connection. */
  readonly closed: boolean
}

/** Every whole answer in what came; interim ones are left out. */
const answersIn = (text: string): ReadonlyArray<WireAnswer> => {
  const answers: Array<WireAnswer> = []
  let rest = text
  while (true) {
    const end = rest.indexOf("\r\n\r\n")
    if (end < 0) return answers
    const head = rest.slice(0, end).toLowerCase()
    const status = Number(head.slice(9, 12))
    const length = status < 200 ? 0 : Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0)
    const body = rest.slice(end + 4, end + 4 + length)
    if (body.length < length) return answers
    if (status >= 200) answers.push({ status, head, body })
    rest = rest.slice(end + 4 + length)
  }
}

/**
 * Writes what it is given over a connection of its own and reads what comes back: until there are as many answers, or
 * the server closes. `more` may go on writing.
 */
export const converse = (
  url: string,
  first: string | Uint8Array,
  { answers: expected = Infinity, more }: { answers?: number; more?: (socket: Socket) => () => void } = {}
) =>
  Effect.callback<Said>((resume) => {
    let text = ""
    let stop: (() => void) | undefined
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
      socket.write(first)
      stop = more?.(socket)
    })
    const done = (closed: boolean) => {
      stop?.()
      resume(Effect.succeed({ answers: answersIn(text), closed }))
      socket.destroy()
    }
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1")
      if (answersIn(text).length >= expected) done(false)
    })
    socket.on("close", () => done(true))
    socket.on("error", () => done(true))
    return Effect.sync(() => {
      stop?.()
      socket.destroy()
    })
  }).pipe(Effect.timeout("20 seconds"), Effect.orDie)
