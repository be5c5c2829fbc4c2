/** A secret that was planted, and that nothing may show. */
export interface Canary {
  readonly name: string
  readonly bytes: Buffer
}

/** Where secrets are looked for. */
export interface Place {
  readonly name: string
  readonly content: string | Uint8Array
}

/** A canary of this text, or of these bytes. */
export const canary = (name: string, content: string | Uint8Array): Canary => ({
  name,
  bytes: Buffer.from(content)
})

/** Base64 of bytes that stand inside others: what of it does not depend on their neighbours, for each offset. */
const alignments = (bytes: Buffer, encoding: "base64" | "base64url") =>
  [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString(encoding)
      .replace(/=+$/, "")
    const whole = Math.floor(((offset + bytes.length) * 8) / 6)
    return encoded.slice(Math.ceil((offset * 8) / 6), whole)
  })

/** Every form in which a secret might be written. */
export const formsOf = ({ bytes }: Canary): ReadonlyMap<string, Buffer> => {
  const text = bytes.toString("utf8")
  const hex = bytes.toString("hex")
  const forms = new Map<string, Buffer>([
    ["plain", bytes],
    ["hex", Buffer.from(hex)],
    ["upper-case hex", Buffer.from(hex.toUpperCase())]
  ])
  for (const encoding of ["base64", "base64url"] as const) {
    for (const [offset, encoded] of alignments(bytes, encoding).entries()) {
      forms.set(`${encoding} at ${offset}`, Buffer.from(encoded))
    }
  }
  // The other forms are forms of text.
  if (!Buffer.from(text).equals(bytes)) return forms
  const escaped = JSON.stringify(text).slice(1, -1)
  return forms
    .set("URL-encoded", Buffer.from(encodeURIComponent(text)))
    .set("form-encoded", Buffer.from(new URLSearchParams({ "": text }).toString().slice(1)))
    .set("JSON-escaped", Buffer.from(escaped))
    .set("JSON in JSON", Buffer.from(JSON.stringify(escaped).slice(1, -1)))
}

/** Which canaries are found, in which form and where. */
export const sightings = (canaries: Iterable<Canary>, places: Iterable<Place>): ReadonlyArray<string> => {
  const found: Array<string> = []
  const needles = Array.from(canaries, (one) => [one.name, [...formsOf(one)]] as const)
  for (const place of places) {
    const content = Buffer.from(place.content)
    for (const [name, forms] of needles) {
      const form = forms.find(([, needle]) => content.includes(needle))?.[0]
      if (form !== undefined) found.push(`${name}, ${form}, in ${place.name}`)
    }
  }
  return found
}
