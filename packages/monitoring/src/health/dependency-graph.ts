// Who needs whom: cycles are refused, and of several failures those are found that explain the others.
//
//   checkout ──► orders ──► postgres (unhealthy)       checkout and orders fail: both are caused by postgres
//      └───────► cache (healthy)
//
// A failure is explained by a dependency that is at least as bad. The deepest ones explain: whoever looks for the
// cause begins there. Pure.

/** The names that each name needs. */
export type Dependencies = (name: string) => readonly string[];

/** The cycle that `name` would close if it needed these, as a way back to itself; undefined when there is none. */
export function cycleThrough(
  name: string,
  dependsOn: readonly string[],
  dependencies: Dependencies,
): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const ahead = [...dependsOn];
  for (const each of ahead) cameFrom.set(each, name);
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (next === name) return wayBack(name, cameFrom);
    for (const each of dependencies(next)) {
      if (cameFrom.has(each)) continue;
      cameFrom.set(each, next);
      ahead.push(each);
    }
  }
  return undefined;
}

function wayBack(name: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [name];
  for (let at = cameFrom.get(name)!; at !== name; at = cameFrom.get(at)!) way.push(at);
  way.push(name);
  return way.toReversed();
}

/**
 * The deepest failing dependencies of a failing component, sorted; none when it speaks for itself.
 *
 * @param severityOf 0 is well; undefined: no such component
 */
export function causesOf(
  name: string,
  dependencies: Dependencies,
  severityOf: (name: string) => number | undefined,
): readonly string[] {
  const own = severityOf(name) ?? 0;
  if (own === 0 || dependencies(name).length === 0) return [];
  const explains = (each: string) => (severityOf(each) ?? 0) >= own;
  const causes = new Set<string>();
  const seen = new Set<string>([name]);
  const ahead = dependencies(name).filter(explains);
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const deeper = dependencies(next).filter(explains);
    if (deeper.length === 0) causes.add(next);
    else ahead.push(...deeper);
  }
  return [...causes].toSorted();
}
