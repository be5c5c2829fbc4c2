import { Option, type Schema } from "effect"

/** Header values by their names in lower case; those of one name are joined. */
export type ReceivedHeaders = Readonly<Record<string, string | undefined>>

/** What `JSON.parse` makes is JSON: to decode it by a schema would walk it all again. */
const decodeJson = (text: string): Option.Option<Schema.Json> => {
  try {
    const json: Schema.Json = JSON.parse(text)
    return Option.some(json)
  } catch {
    return Option.none()
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

const textOf = (body: Uint8Array): string | undefined => {
  try {
    return utf8.decode(body)
  } catch {
    return undefined
  }
}

/** Fields of a form that are read; what has more is no payload. */
const maxFields = 1000

const ampersand = 0x26

/** Whether a form has few enough fields to be read, told by its bytes: to parse takes time that grows with their square. */
export const isShortForm = (body: Uint8Array): boolean => {
  let fields = 1
  for (let at = body.indexOf(ampersand); at !== -1; at = body.indexOf(ampersand, at + 1)) {
    fields += 1
    if (fields > maxFields) return false
  }
  return true
}

/** A form's fields, the first value of each. */
const formOf = (text: string): Schema.Json => Object.fromEntries([...new URLSearchParams(text)].toReversed())

/**
 * Whether text that is no JSON is a form. It tells from its beginning: a content type is not signed, and who repeats
 * a message under another one must not get it another id.
 */
const isForm = (text: string, type: string | undefined) =>
  /^[\w.%+*[\]-]{1,200}=/.test(text) || type?.startsWith("application/x-www-form-urlencoded") === true

/** A request to an inbound webhook, as it came in. What is made of it is made once, and only if asked for. */
export class Received {
  readonly method: string
  /** The address as the sender called it, with its query. */
  readonly url: string
  readonly headers: ReceivedHeaders
  readonly body: Uint8Array
  #payload: Option.Option<Schema.Json> | undefined

  constructor(request: {
    readonly method: string
    readonly url: string
    readonly headers: ReceivedHeaders
    readonly body: Uint8Array
  }) {
    this.method = request.method
    this.url = request.url
    this.headers = request.headers
    this.body = request.body
  }

  /** The body as text; undefined where it is not UTF-8. */
  get text(): string | undefined {
    return textOf(this.body)
  }

  /** The body's JSON, or its fields where it is a form of 1,000 fields or fewer; none where it is neither. */
  get payload(): Option.Option<Schema.Json> {
    return (this.#payload ??= this.#read())
  }

  #read(): Option.Option<Schema.Json> {
    const { text } = this
    if (text === undefined) return Option.none()
    const json = decodeJson(text)
    return Option.isNone(json) && isForm(text, this.headers["content-type"]) && isShortForm(this.body)
      ? Option.some(formOf(text))
      : json
  }
}
