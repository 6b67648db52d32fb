// Rollups and retention policies of a real station: long questions say that they were answered from rollups and are
// answered the same, and policies of the configuration hold, also after a reload.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { temporaryFolder, waitUntil } from "@flx/testkit";
import { StationProcess } from "./running-station.ts";
import { fillStore } from "./store/fill-store.ts";

const HOUR = 3_600_000;
const WAIT = { timeoutMs: 180_000, everyMs: 1_000 };

interface RangeBody {
  readonly data: { readonly result: readonly { readonly values: readonly [number, string][] }[] };
  readonly infos?: readonly string[];
}

async function ask(station: StationProcess, query: string, endMs: number): Promise<RangeBody> {
  const parameters = new URLSearchParams({
    query,
    start: String((endMs - 36 * HOUR) / 1_000),
    end: String(endMs / 1_000),
    step: "3600",
  });
  const response = await fetch(`${station.url}/api/v1/query_range?${parameters.toString()}`);
  assert.equal(response.status, 200);
  return (await response.json()) as RangeBody;
}

test("a station answers long questions from rollups, and keeps to the policies of its configuration", async () => {
  await using home = await temporaryFolder("station");
  const now = Date.now();
  const endMs = Math.floor(now / HOUR) * HOUR;
  await fillStore(home.file("data"), {
    series: ["short", "usual"].map((job) => ({ __name__: "old_total", job })),
    fromMs: now - 40 * HOUR,
    toMs: now - 120_000,
    stepMs: 60_000,
    valueOf: (i, step) => (step % 600) * (i + 1),
  });
  const query = "sum by (job) (rate(old_total[1h]))";
  let want: RangeBody;
  {
    await using plain = await StationProcess.start({
      folder: home,
      config: "store: { rollups: false }\n",
    });
    want = await ask(plain, query, endMs);
    assert.equal(want.data.result.length, 2);
    assert.doesNotMatch(JSON.stringify(want.infos ?? []), /rollups/);
  }
  await using station = await StationProcess.start({ folder: home, config: "store: {}\n" });
  const got = await waitUntil(async () => {
    const body = await ask(station, query, endMs);
    return (
      /1[5-9] windows of two hours were read as rollups of 1h/.test(String(body.infos)) && body
    );
  }, WAIT);
  assert.deepEqual(got.data, want.data);

  const policies = `store: { retention_policies: [{ selector: '{job="short"}', retention: 6h }] }\n`;
  await writeFile(station.folder.file("flx.yml"), policies);
  const reloaded = await fetch(`${station.url}/-/reload`, { method: "POST" });
  assert.equal(reloaded.status, 200);
  const { data } = await ask(station, "old_total", endMs);
  const lengths = data.result.map(({ values }) => values.length).toSorted((a, b) => a - b);
  assert.ok(lengths[0]! <= 7, `${lengths[0]} hours of what is kept for six`);
  assert.equal(lengths[1], 37);
});
