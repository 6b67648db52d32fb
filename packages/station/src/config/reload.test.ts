import assert from "node:assert/strict";
import { test } from "node:test";
import { type Reloadable, Reloader } from "./reload.ts";

function recording(
  name: string,
  log: string[],
  refuses: ReadonlySet<number> = new Set(),
): Reloadable<number> {
  return {
    prepare(config) {
      if (refuses.has(config)) throw new Error(`${name} cannot have ${config}`);
      log.push(`${name} prepare ${config}`);
      return {
        commit: () => void log.push(`${name} commit ${config}`),
        discard: () => void log.push(`${name} discard ${config}`),
      };
    },
  };
}

test("Reloader brings a configuration into all parts, or into none", async () => {
  const log: string[] = [];
  const reloader = new Reloader([
    recording("a", log),
    recording("b", log),
    recording("c", log, new Set([2])),
  ]);
  await reloader.reload(() => Promise.resolve(1));
  assert.deepEqual(log.splice(0), [
    "a prepare 1",
    "b prepare 1",
    "c prepare 1",
    "a commit 1",
    "b commit 1",
    "c commit 1",
  ]);
  await assert.rejects(
    reloader.reload(() => Promise.resolve(2)),
    /c cannot have 2/,
  );
  assert.deepEqual(log.splice(0), ["a prepare 2", "b prepare 2", "b discard 2", "a discard 2"]);
});

test("Reloader does one after the other", async () => {
  const log: string[] = [];
  const reloader = new Reloader([recording("a", log)]);
  const slow = reloader.reload(async () => {
    await new Promise((resolve) => void setTimeout(resolve, 20));
    return 1;
  });
  await Promise.all([slow, reloader.reload(() => Promise.resolve(2))]);
  assert.deepEqual(log, ["a prepare 1", "a commit 1", "a prepare 2", "a commit 2"]);
});
