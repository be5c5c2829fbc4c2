/** The beginning of a text that others wrote, as a column can hold it: no NUL, no half of a character. */
export const storable = (text: string, maxLength: number): string =>
  text.slice(0, maxLength).replaceAll("\0", "\ufffd").toWellFormed()
