// "did you mean": the known name with the fewest letters to change, unless that is half of them. Pure.

/** The closest of `names`; undefined when none is close. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const wanted = name.slice(0, 100).toLowerCase();
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const each of names) {
    const changes = editDistance(wanted, each.toLowerCase());
    if (changes >= fewest || changes > Math.max(wanted.length, each.length) / 2) continue;
    fewest = changes;
    nearest = each;
  }
  return nearest;
}

/** How many letters must be added, removed or replaced (Levenshtein), kept one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const replaced = row[j]! + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(replaced, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
