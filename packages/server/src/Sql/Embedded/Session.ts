import type { PGlite } from "@electric-sql/pglite"
import { Duplex } from "node:stream"
import { setImmediate } from "node:timers/promises"

/** What a session needs of PGlite. */
export type Engine = Pick<PGlite, "execProtocolRawStream" | "runExclusive">

/** How long PGlite, which blocks the event loop while it works, may go on before others get a turn. */
const maxBusyMillis = 5

/**
 * Bytes sent between two checkpoints. A backend without a postmaster takes none by itself: its log would grow for
 * as long as the process lives, and with it the recovery after a kill.
 */
const checkpointBytes = 8 * 1024 * 1024

/**
 * Makes the sockets that PgClient speaks through. PGlite is one backend behind all of them, so each new socket
 * starts by leaving whatever its predecessor left open; without that a connection lost inside a transaction
 * would have every later write acknowledged and none committed.
 */
export const makeSockets = (engine: Engine): (() => Duplex) => {
  const backend: Backend = { engine, owner: undefined, bytesSinceCheckpoint: 0 }
  return () => new Socket(backend)
}

interface Backend {
  readonly engine: Engine
  /** The last socket that started a session; no other reaches the engine. */
  owner: Socket | undefined
  bytesSinceCheckpoint: number
}

type Done = (error?: Error | null) => void

class Socket extends Duplex {
  readonly backend: Backend
  started = false
  lastYield = performance.now()

  constructor(backend: Backend) {
    super()
    this.backend = backend
  }

  override _read() {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done) {
    this.handle([chunk]).then(() => done(), done)
  }

  override _writev(chunks: ReadonlyArray<{ readonly chunk: Buffer }>, done: Done) {
    this.handle(chunks.map(({ chunk }) => chunk)).then(() => done(), done)
  }

  async handle(frames: ReadonlyArray<Buffer>): Promise<void> {
    if (!this.started) {
      this.started = true
      // One backend has nobody else to cancel, and the side connection must not end the session.
      if (frames.some(isCancelRequest)) return void this.destroy()
      this.backend.owner = this
      await this.exec(Buffer.concat([simpleQuery("ROLLBACK"), simpleQuery("DISCARD ALL")]))
    }
    const wanted = frames.filter((frame) => !isTerminate(frame))
    if (wanted.length > 0) {
      const answer = await this.exec(Buffer.concat(wanted))
      if (!this.destroyed && answer.length > 0) this.push(answer)
    }
    if (wanted.length < frames.length) return void this.push(null)
    await this.checkpointWhenDue()
    if (performance.now() - this.lastYield > maxBusyMillis) {
      await setImmediate()
      this.lastYield = performance.now()
    }
  }

  /** Between two frames, where no statement of the session is half way. */
  async checkpointWhenDue(): Promise<void> {
    if (this.backend.bytesSinceCheckpoint < checkpointBytes) return
    this.backend.bytesSinceCheckpoint = 0
    await this.exec(simpleQuery("CHECKPOINT"))
  }

  /** Runs the frames and returns everything the backend answered. */
  async exec(frames: Uint8Array): Promise<Buffer> {
    const { engine } = this.backend
    this.backend.bytesSinceCheckpoint += frames.length
    const answer: Array<Uint8Array> = []
    await engine.runExclusive(async () => {
      if (this.destroyed || this.backend.owner !== this) throw new Error("This connection has ended")
      await engine.execProtocolRawStream(frames, {
        syncToFs: false,
        // A view into the engine's memory, which the next call overwrites.
        onRawData: (bytes) => void answer.push(bytes.slice())
      })
    })
    return Buffer.concat(answer)
  }
}

const cancelRequestCode = 80877102
const isCancelRequest = (frame: Buffer) => frame.length === 16 && frame.readInt32BE(4) === cancelRequestCode

const terminate = 0x58
const isTerminate = (frame: Buffer) => frame.length === 5 && frame[0] === terminate

const simpleQuery = (sql: string): Buffer => {
  const frame = Buffer.alloc(sql.length + 6)
  frame.write("Q", 0)
  frame.writeInt32BE(sql.length + 5, 1)
  frame.write(sql, 5)
  return frame
}
