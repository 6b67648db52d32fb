// A reporter for the test runner: the files that took longest, at the end.
//
//   42.1 s  packages/station/test/doors/hostile-bytes.test.ts

import { relative } from "node:path";
import process from "node:process";
import type { TestEvent } from "node:test/reporters";

const SHOWN = 12;

// oxlint-disable-next-line import/no-default-export -- the test runner takes nothing else
export default async function* slowestFiles(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string, void> {
  const files: { readonly file: string; readonly seconds: number }[] = [];
  for await (const event of events) {
    if (event.type !== "test:summary" || event.data.file === undefined) continue;
    const file = relative(process.cwd(), event.data.file);
    files.push({ file, seconds: event.data.duration_ms / 1_000 });
  }
  files.sort((a, b) => b.seconds - a.seconds);
  yield "slowest files:\n";
  for (const { file, seconds } of files.slice(0, SHOWN)) {
    yield `${seconds.toFixed(1).padStart(7)} s  ${file}\n`;
  }
}
