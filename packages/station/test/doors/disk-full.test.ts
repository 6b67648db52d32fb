// A station whose disk fills up and has room again: a real small file system, which only root can mount. What is sent is refused
// with a status that says when to come again, questions are answered meanwhile, and it takes data again by itself.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder, waitUntil } from "@flx/testkit";
import { StationProcess } from "../running-station.ts";

const run = promisify(execFile);
const WAIT = { timeoutMs: 120_000, everyMs: 100 };

test("a full disk: refused with 503 and Retry-After, questions go on, and it recovers by itself", async (t) => {
  await using folder = await temporaryFolder("disk-full");
  const disk = folder.file("data");
  await mkdir(disk);
  try {
    await run("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", disk]);
  } catch {
    if (process.env["CI"] === "true") throw new Error("cannot mount a tmpfs: run as root");
    t.skip("cannot mount a tmpfs: run as root");
    return;
  }
  try {
    await using station = await StationProcess.start({ folder });
    let sent = 0;
    /** The status, when to come again, and whether a sample was taken. */
    const send = async (signal: "metrics" | "logs"): Promise<readonly [number, string | null]> => {
      const timeUnixNano = `${Date.now()}000000`;
      const dataPoints = [{ timeUnixNano, asDouble: sent + 1 }];
      const logRecords = [{ timeUnixNano, body: { stringValue: "x".repeat(1_000) } }];
      const body =
        signal === "metrics"
          ? {
              resourceMetrics: [
                { scopeMetrics: [{ metrics: [{ name: "sent", gauge: { dataPoints } }] }] },
              ],
            }
          : { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
      const response = await fetch(`${station.otlpHttp}/v1/${signal}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      await response.arrayBuffer();
      if (signal === "metrics" && response.status === 200) sent++;
      return [response.status, response.headers.get("retry-after")];
    };
    const counted = async (): Promise<number> =>
      Number((await station.query("count_over_time(sent[1h])"))[0]?.[1]);
    const logs = async (): Promise<string> =>
      (await fetch(`${station.url}/api/v1/logs?limit=1`)).text();
    for (let i = 0; i < 20; i++) assert.equal((await send("metrics"))[0], 200);
    assert.equal((await send("logs"))[0], 200);

    // What is left of the disk, to the last page.
    const ballast = join(disk, "ballast");
    await run("dd", ["if=/dev/zero", `of=${ballast}`, "bs=4k"]).catch(() => undefined);
    for (const signal of ["metrics", "logs"] as const) {
      const refused = await waitUntil(
        async () => {
          const answer = await send(signal);
          return answer[0] !== 200 && answer;
        },
        { ...WAIT, everyMs: 1, what: `${signal} to be refused` },
      );
      assert.equal(refused[0], 503, signal);
      assert.ok(Number(refused[1]) >= 1, `${signal}: Retry-After ${refused[1]}`);
    }
    assert.equal(await counted(), sent, "what was taken is there");
    assert.match(await logs(), /xxx/, "log records can be asked for");
    assert.equal((await fetch(`${station.url}/livez`)).status, 200);
    await waitUntil(() => /disk is unhealthy: .* are free/.test(station.process.log()), {
      ...WAIT,
      what: "the log to tell of the disk",
    });
    const before = sent;

    await rm(ballast);
    for (const signal of ["metrics", "logs"] as const) {
      await waitUntil(async () => (await send(signal))[0] === 200, {
        ...WAIT,
        what: `${signal} to be taken again`,
      });
    }
    await waitUntil(async () => (await logs()).includes("xxx"), { ...WAIT, what: "log records" });
    assert.ok(sent > before);
    assert.equal(await counted(), sent);
    assert.deepEqual((await station.stop()).killed, []);
    await writeFile(join(disk, "room"), "");
  } finally {
    await run("umount", [disk]);
  }
});
