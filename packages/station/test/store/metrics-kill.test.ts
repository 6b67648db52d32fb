// The store of metrics in processes that are killed at random moments: what was acknowledged is there, once. Windows close
// and snapshots are written all the time: the child's clock runs fast.
//
// A child begins with the first step that was not acknowledged: what is there of it already is the same sample sent twice.
//
//   parent ── starts, reads acknowledgements ──► kills ──► opens the store itself, compares ──► again on the same folder

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { test } from "node:test";
import { Matcher } from "@flx/promql";
import { temporaryFolder } from "@flx/testkit";
import { openEmbeddedStore } from "../../src/store/embedded-store.ts";
import { FileWindows } from "../../src/store/windows/file-windows.ts";

const KILLS = Number(process.env["FLX_KILLS"] ?? 10);
const SERIES = 12;
const STEP_MS = 60_000;
const START = Date.UTC(2026, 0, 1);

test("EmbeddedStore loses no acknowledged sample and keeps none twice when it is killed", async (t) => {
  await using folder = await temporaryFolder("store-kill");
  // By step: acknowledged up to here, and begun up to here.
  let acknowledged = 0;
  let begun = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(
      process.execPath,
      [
        "--conditions=@flx/source",
        join(import.meta.dirname, "kill-child.ts"),
        folder.path,
        `${acknowledged}`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const before = acknowledged;
    const patience = setTimeout(() => child.kill("SIGKILL"), 600_000);
    for await (const line of createInterface(child.stdout)) {
      const [what, step] = line.split(" ");
      if (what === "begun") begun = Math.max(begun, Number(step) + 1);
      else acknowledged = Math.max(acknowledged, Number(step) + 1);
      const enough = 20 + ((kill * 7_919) % 400);
      if (acknowledged - before > enough) setTimeout(() => child.kill("SIGKILL"), (kill * 31) % 40);
    }
    clearTimeout(patience);
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    assert.equal(child.signalCode, "SIGKILL", "the child ended by itself");
    assert.ok(acknowledged > before, "nothing was acknowledged");
    await compare(folder.path, acknowledged, begun);
  }
  t.diagnostic(`${KILLS} kills, ${acknowledged * SERIES} samples acknowledged`);
});

async function compare(folder: string, acknowledged: number, begun: number): Promise<void> {
  const now = () => START + begun * STEP_MS;
  await using store = await openEmbeddedStore({
    folder,
    now,
    upkeepMs: 0,
    openWindows: (place) => FileWindows.open({ folder: place, retentionMs: 0, now }),
  });
  assert.equal(store.condition.reason, "");
  const hints = { stepMs: 0, rangeMs: 0, func: "", grouping: [], by: false };
  const any = [new Matcher("=~", "__name__", ".+")];
  const found = await store.select(any, { startMs: 0, endMs: 8e15 }, hints, undefined);
  assert.equal(found.length, SERIES);
  for (const { labels, timestamps, values, histograms } of found) {
    const series = Number(labels.get("i"));
    const late = series % 3 === 1 ? 1 : 0;
    const steps = Array.from(timestamps, (time) => (time - START) / STEP_MS);
    assert.deepEqual(
      steps,
      [...new Set(steps)].toSorted((a, b) => a - b),
      "once each, in order",
    );
    // What was begun and not acknowledged may be there.
    assert.ok(
      steps.length >= acknowledged - late,
      `${labels.toString()}: ${steps.length} of ${acknowledged}`,
    );
    assert.ok(steps.length <= begun);
    const there = new Set(steps);
    for (let step = 0; step < acknowledged - late; step++)
      assert.ok(there.has(step), `step ${step} is lost`);
    for (const [at, step] of steps.entries()) {
      const value = histograms?.[at]?.sum ?? values[at];
      assert.equal(value, series * 1_000_000 + step);
    }
  }
}
