// Names from outside in labels: not longer than anybody reads.

const MAX_NAME = 1_024;

/** A name, cut when it is longer than 1,024 characters. */
export function shortName(name: string): string {
  return name.length <= MAX_NAME ? name : name.slice(0, MAX_NAME).toWellFormed();
}
