// "did you mean": the known name with the fewest letters to change. Pure.

/** The closest of `names`, or undefined when there is none. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  return names.toSorted((a, b) => editDistance(name, a) - editDistance(name, b))[0];
}

/** How many letters must be added, removed or replaced (Levenshtein), kept one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of from.split("").entries()) {
    const next = [i + 1];
    for (const [j, other] of to.split("").entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
