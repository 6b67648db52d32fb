// Foreign text for a terminal: no control characters, no escape sequences, no text that runs the other way.

/** Foreign text as one short line. */
export function printable(text: string, maxLength = 300): string {
  return text
    .replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ")
    .trim()
    .slice(0, maxLength);
}
