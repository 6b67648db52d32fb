// Texts that a terminal may be given: no escape sequence, no control character, nothing that turns the direction of what
// follows. What was there is shown as it would be written in code (\x1b, \u202e).

const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- that is what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Most texts have nothing but these. */
const PLAIN = /^[\u0020-\u007e]*$/;

/** Whether a text has nothing but letters, digits and signs of ASCII, each of which is as wide as it is long. */
export function isPlainText(text: string): boolean {
  return PLAIN.test(text);
}

/** The text with what is unsafe written out; line feeds stay. */
export function safeText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll("\r\n", "\n").replace(UNSAFE, written);
}

/** The same in one line. */
export function safeLine(text: string): string {
  return PLAIN.test(text) ? text : safeText(text).replaceAll("\n", "\\n");
}

function written(character: string): string {
  if (character === "\t") return "  ";
  const code = character.charCodeAt(0);
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
