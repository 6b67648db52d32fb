// Credentials in addresses: what stands between :// and the last @ before the next blank.
//
//   postgres://app:hunter2@db:5432/shop    ->  postgres://[redacted]@db:5432/shop
//   postgres://app:p/w#1@x@db/shop         ->  postgres://[redacted]@db/shop        not escaped, as people write them
//   https://host:8080/@scope/name          ->  the same: a host and a port, and then a path
//   app:hunter2@tcp(db:3306)/shop          ->  [redacted]@tcp(db:3306)/shop         without a scheme
//
// Not a regular expression, since one for this would go over the same text again from every "://": a text of n
// characters is walked once.

import { REDACTED } from "./secret-shapes.ts";

const SEPARATOR = "://";
const ENDS = /[\s"'`<>]/g;
const HOST_AND_PATH = /^(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?[/?#]/;
const NO_SCHEME = /(?<![\w/@.:%+-])[\w.%+-]{1,64}:[^\s:@/"'`<>()[\]{},;]{3,256}@(?=[\w.[(-])/g;

/** The text without credentials in addresses. */
export function redactAddresses(text: string): string {
  if (!text.includes("@")) return text;
  return redactWithScheme(text).replace(NO_SCHEME, `${REDACTED}@`);
}

function redactWithScheme(text: string): string {
  let redacted = "";
  let from = 0;
  for (;;) {
    const separator = text.indexOf(SEPARATOR, from);
    if (separator < 0) return redacted + text.slice(from);
    const start = separator + SEPARATOR.length;
    ENDS.lastIndex = start;
    const end = ENDS.exec(text)?.index ?? text.length;
    redacted += text.slice(from, start) + withoutCredentials(text.slice(start, end));
    from = end;
  }
}

/** What follows the "://" of one address; several may stand in it, separated by commas or by each other's "://". */
function withoutCredentials(rest: string): string {
  const at = rest.lastIndexOf("@");
  if (at < 0) return rest;
  const isPath = HOST_AND_PATH.test(rest) && !rest.slice(0, at).includes(SEPARATOR);
  return isPath ? rest : `${REDACTED}${rest.slice(at)}`;
}
