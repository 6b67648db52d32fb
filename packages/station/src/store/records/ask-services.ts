// Which services there are, in spans or logs.

import type { Limited } from "../metrics-source.ts";
import { unescaped } from "./attribute-text.ts";
import { newestFirst, type RecordSource } from "./record-source.ts";
import type { Ask } from "./row.ts";

/** Names of services. */
export async function askServices(
  sources: readonly RecordSource[],
  ask: Ask,
  limit: number,
): Promise<Limited<string>> {
  const names = new Set<string>();
  for (const source of newestFirst(sources)) {
    const sql = `${source.services} ORDER BY service LIMIT ${limit + 2}`;
    for (const { service } of await ask(sql)) names.add(unescaped(service as string));
  }
  names.delete("");
  const items = [...names].toSorted((a, b) => (a < b ? -1 : 1));
  return { items: items.slice(0, limit), isCut: items.length > limit };
}
