// Blanks and tabs, which separate the tokens of format 0.0.4.

/** The first offset that holds neither a blank nor a tab. */
export function skipBlanks(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** The first offset that holds a blank or a tab. */
export function tokenEnd(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && !isBlank(text.charCodeAt(at))) at++;
  return at;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
