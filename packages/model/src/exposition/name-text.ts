// Names as they stand unquoted in a line, found by a table of the ASCII characters.

const letter = 1; // a-z A-Z _
const digit = 2;
const colon = 4;

const classes = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  if (/[a-zA-Z_]/.test(character)) classes[code] = letter;
  else if (/[0-9]/.test(character)) classes[code] = digit;
  else if (character === ":") classes[code] = colon;
}

/** Where the metric name that starts at an offset ends; the offset itself when none starts there. */
export function metricNameEnd(text: string, start: number, end: number): number {
  return nameEnd(text, start, end, letter | colon);
}

/** Where the label name that starts at an offset ends; the offset itself when none starts there. */
export function labelNameEnd(text: string, start: number, end: number): number {
  return nameEnd(text, start, end, letter);
}

function nameEnd(text: string, start: number, end: number, initial: number): number {
  let at = start;
  let allowed = initial;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code > 127 || (classes[code]! & allowed) === 0) break;
    allowed = initial | digit;
    at++;
  }
  return at;
}
