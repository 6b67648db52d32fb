// From what a service passes as a label value to the text that goes over the wire.
//
//   "GET"        "GET"            text as it is
//   200          "200"            numbers, bigints and booleans as they print
//   "\ud800"     "\ufffdd800"     half of a surrogate pair: no Unicode text, and no bytes on the wire
//   {}, null     refused          an object's toString() can say anything, also the text of another series
//
// A lone surrogate cannot be sent: encoders turn every one into U+FFFD, where different values would meet. So each is
// written as U+FFFD and its four hex digits. That stays injective because a U+FFFD that happens to stand before such
// digits, or before "fffd", is itself written as U+FFFD and "fffd". All other text stays as it is.

const replacement = "\ufffd";
const needsRewriting =
  /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\ufffd(?=d[89a-f][0-9a-f]{2}|fffd)/g;

/**
 * The string of a label value as callers pass it.
 *
 * @returns `undefined` for what is no label value: undefined, null, objects, functions, symbols
 */
export function labelString(value: unknown): string | undefined {
  const type = typeof value;
  if (type === "string") return value as string;
  return type === "number" || type === "bigint" || type === "boolean" ? String(value) : undefined;
}

/** The Unicode text that stands for a string; different strings give different texts. */
export function wireText(value: string): string {
  if (value.isWellFormed() && !value.includes(replacement)) return value;
  return value.replace(needsRewriting, (unit) => replacement + unit.charCodeAt(0).toString(16));
}
