// Which names have secrets as their values: one answer for lines, errors, health and spans.
//
//   password, dbPassword, AWS_SECRET_ACCESS_KEY, tokens, x-api-key, cookie      yes
//   max_tokens, tokenCount, hasPassword, bypass                                 no
//
// The end of a name decides, in any case and with any of camelCase, snake_case and kebab-case.

import { SECRET_NAME_END } from "./secret-shapes.ts";

const SECRET = new RegExp(
  String.raw`${SECRET_NAME_END}$|^(?:proxy-)?authorization$|^(?:set-)?cookies?$|^x-auth-token$`,
  "i",
);

/** Names that end like a secret's and are none; the first one tells camelCase from words, so case counts. */
const HARMLESS = [
  /^(?:is|has|needs)[A-Z_-]/,
  /^(?:max|min|input|output|total|prompt|completion|used|cached|reasoning)[_-]?tokens$/i,
  /(?:by|com|en|over|sur|tres|under)[_-]?pass$/i,
];

/** Longer names are judged by their end. */
const MAX_NAME = 128;

/** Whether values of this name are secrets, as far as names tell. */
export function isUsualSecretName(name: string): boolean {
  const end = name.length <= MAX_NAME ? name : name.slice(-MAX_NAME);
  return SECRET.test(end) && !HARMLESS.some((harmless) => harmless.test(end));
}
