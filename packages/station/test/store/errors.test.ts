// Error groups on disk: over restarts, snapshots, damage and kills.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { temporaryFolder } from "@flx/testkit";
import { EmbeddedErrorStore } from "../../src/store/errors/embedded-error-store.ts";
import { killedWriter } from "./killed-writer.ts";
import { madeOccurrence } from "./made-occurrence.ts";

const ALL = { order: "count", limit: 10_000 } as const;

test("EmbeddedErrorStore gives back groups, states and history after restarts, with snapshots and without", async () => {
  await using folder = await temporaryFolder("errors");
  const options = { folder: folder.path, now: () => 5_000, snapshotBytes: 20_000 };
  let store = await EmbeddedErrorStore.open(options);
  const groups = 7;
  for (let i = 0; i < 300; i++) {
    await store.record([madeOccurrence(i, groups), madeOccurrence(i + 1, groups)]);
    if (i === 150) {
      const action = { action: "resolve", by: "ann", note: "fixed it", release: "9.9" } as const;
      const { fingerprint } = madeOccurrence(3, groups);
      assert.equal((await store.act(fingerprint, action))?.state, "resolved");
      assert.equal(await store.act("0123456789abcdef", action), undefined);
    }
  }
  const want = await store.list(ALL);
  assert.equal(want.items.length, groups);
  assert.equal(
    want.items.reduce((sum, { count }) => sum + count, 0),
    600,
  );
  const details = await Promise.all(want.items.map(({ fingerprint }) => store.get(fingerprint)));
  for (let restart = 0; restart < 3; restart++) {
    await store.close();
    store = await EmbeddedErrorStore.open(options);
    assert.deepEqual(await store.list(ALL), want);
    for (const each of details) {
      // As JSON: what is undefined is not written.
      assert.equal(JSON.stringify(await store.get(each!.fingerprint)), JSON.stringify(each));
    }
  }
  await store.close();
});

test("EmbeddedErrorStore puts a damaged snapshot aside, says so, and goes on", async () => {
  await using folder = await temporaryFolder("errors");
  const faults: string[] = [];
  const options = {
    folder: folder.path,
    now: Date.now,
    onFault: (text: string) => void faults.push(text),
  };
  {
    await using store = await EmbeddedErrorStore.open(options);
    await store.record([madeOccurrence(1, 3)]);
  }
  const bytes = await readFile(folder.file("groups"));
  bytes[20] = bytes[20]! ^ 1;
  await writeFile(folder.file("groups"), bytes);
  await using store = await EmbeddedErrorStore.open(options);
  assert.equal((await store.list(ALL)).items.length, 0);
  assert.match(faults[0] ?? "", /put aside/);
  await store.record([madeOccurrence(1, 3)]);
  assert.equal((await store.list(ALL)).items.length, 1);
  await assert.rejects(store.record([{ ...madeOccurrence(1, 3), fingerprint: "../x" }]), {
    code: "FLX_STORE_QUESTION",
  });
});

test("EmbeddedErrorStore loses no acknowledged occurrence and counts none twice when it is killed", async () => {
  await using folder = await temporaryFolder("errors");
  let [acknowledged, sent] = [0, 0];
  const loops = Number(process.env["FLX_KILL_LOOPS"] ?? 4);
  for (let i = 0; i < loops; i++) {
    const text = await killedWriter("error-writer.ts", [folder.path], "taken", Math.random() * 500);
    acknowledged += text.match(/^taken$/gm)?.length ?? 0;
    sent += text.match(/^sent$/gm)?.length ?? 0;
  }
  await using store = await EmbeddedErrorStore.open({ folder: folder.path, now: Date.now });
  const { items } = await store.list(ALL);
  const counted = items.reduce((sum, { count }) => sum + count, 0);
  assert.ok(acknowledged > 0);
  assert.ok(counted >= acknowledged, `${counted} counted, ${acknowledged} acknowledged`);
  assert.ok(counted <= sent, `${counted} counted, ${sent} sent`);
});
