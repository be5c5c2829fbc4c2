/**
 * Names the schemas of an OpenAPI document as the code does. A class is `Event` in the code, and the JSON
 * that it travels as is called `EventEncoded`; readers of the document know nothing but the JSON.
 */
export const plainSchemaNames = (document: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(
    JSON.stringify(document)
      // JSON text that holds an event, in the stream of events.
      .replaceAll(/(?<=["/])(\w+)Encoded_1(?=")/g, "$1Json")
      .replaceAll(/(?<=["/])(\w+)Encoded(?=")/g, "$1")
  )
