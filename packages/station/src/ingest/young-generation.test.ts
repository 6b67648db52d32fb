import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

/** What a process that makes and drops objects for a while has of young generation, MB. */
function sizeAfterChurn(isHeld: boolean): number {
  const program = `
    import { YoungGeneration } from ${JSON.stringify(join(import.meta.dirname, "young-generation.ts"))};
    const young = new YoungGeneration();
    if (${isHeld}) young.look(0);
    const kept = [];
    for (let i = 0; i < 1_000_000; i++) kept[i % 60_000] = { i, text: "x" + i, more: [i, i] };
    console.log(young.size);
  `;
  const args = ["--conditions=@flx/source", "--input-type=module-typescript", "-e", program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.match(stdout, /^\d+\n$/, stderr);
  return Number(stdout) / 1024 / 1024;
}

test("YoungGeneration lets it grow to 16 MB, and no further", () => {
  assert.ok(sizeAfterChurn(false) > 40, "by itself it grows");
  assert.equal(sizeAfterChurn(true), 16);
});
