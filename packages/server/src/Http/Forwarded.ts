/** One parameter of an element, or none, and what ends it. Everything in it is told apart by one character. */
const parameter = /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=(?:([^\s",;]+)|"((?:[^"\\]|\\.)*)")[ \t]*)?([,;]|$)/y

/**
 * The nodes that a `Forwarded` header names by `for`, first to last: undefined where an element names none, and
 * undefined as a whole when the header is malformed (RFC 7239, section 4). An unclosed quote is: whoever wrote it
 * may have meant to swallow what a proxy added behind it.
 */
export const forwardedNodes = (header: string): ReadonlyArray<string | undefined> | undefined => {
  const nodes: Array<string | undefined> = []
  const reader = new RegExp(parameter)
  let node: string | undefined
  while (true) {
    const match = reader.exec(header)
    if (match === null) return undefined
    const [, name, token, quoted, end] = match
    if (name?.toLowerCase() === "for") {
      if (node !== undefined) return undefined
      node = token ?? quoted?.replaceAll(/\\(.)/g, "$1")
    }
    if (end === ";") continue
    nodes.push(node)
    node = undefined
    if (end === "") return nodes
  }
}
