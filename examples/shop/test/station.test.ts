// npm start: the station beside the shop has its metrics, and every line that is printed works as it stands.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { processesInGroup, waitUntil } from "@flx/testkit";
import { openShop } from "./open-shop.ts";

const root = join(import.meta.dirname, "../../..");
const WAIT = { timeoutMs: 90_000, everyMs: 500 };

interface Answer {
  readonly data: { readonly result: readonly { readonly metric: Record<string, string> }[] };
}

test("shop up --station: every signal arrives, and the printed lines show it", async () => {
  await using shop = await openShop({ args: ["--station", "--traffic", "20"] });
  const { stationUrl } = await shop.status();
  assert.ok(stationUrl !== undefined);
  const query = async (promql: string): Promise<readonly Record<string, string>[]> => {
    const response = await fetch(`${stationUrl}/api/v1/query?query=${encodeURIComponent(promql)}`);
    return ((await response.json()) as Answer).data.result.map(({ metric }) => metric);
  };

  await waitUntil(async () => (await query('up{job="shop"} == 1')).length === 4, {
    ...WAIT,
    what: "four processes to be scraped",
  });
  for (const job of ["shop", "orders"]) {
    await waitUntil(async () => (await query(`orders_placed_total{job="${job}"} > 0`)).length > 0, {
      ...WAIT,
      what: `orders of job ${job}`,
    });
  }
  await waitUntil(async () => (await query('flx_cpu_usage_percent{job="flx"}')).length > 0, {
    ...WAIT,
    what: "this machine's processor",
  });

  const services = async (): Promise<readonly string[]> => {
    const response = await fetch(`${stationUrl}/api/v1/services`);
    return ((await response.json()) as { readonly data: readonly string[] }).data;
  };
  await waitUntil(async () => (await services()).length === 4, {
    ...WAIT,
    what: "spans of four services",
  });
  const page = await (await fetch(stationUrl)).text();
  for (const service of await services()) assert.ok(page.includes(`>${service}</a>`), service);

  const printed = shop.process.log().split("The station watches it")[1]!.split("\n");
  const lines = printed.map((line) => line.trim()).filter((line) => /^(?:npm|curl) /.test(line));
  assert.equal(lines.length, 9);
  for (const line of lines) {
    await waitUntil(
      () => {
        const { status, stdout, stderr } = spawnSync("bash", ["-c", line], {
          cwd: root,
          encoding: "utf8",
        });
        assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
        return /\d/.test(stdout);
      },
      { ...WAIT, what: `an answer to ${line}` },
    );
  }

  const { code } = await shop.process.stop();
  assert.equal(code, 0);
  assert.deepEqual(processesInGroup(shop.process.pid), []);
});

test("the station beside the shop has its errors in groups, and every occurrence counted", async () => {
  await using shop = await openShop({ args: ["--station", "--traffic", "none"] });
  const { stationUrl } = await shop.status();
  await shop.switchFault("bad-deploy", true);
  const danish = { country: "DK", sku: "tea-sencha-100" };
  await waitUntil(async () => (await shop.place(danish)).status === 500, WAIT);
  for (let i = 0; i < 3; i++) assert.equal((await shop.place(danish)).status, 500);
  const groups = () => {
    const { stdout } = spawnSync(
      process.execPath,
      [
        "--conditions=@flx/source",
        "packages/station/src/main.ts",
        "errors",
        "--json",
        "--url",
        stationUrl!,
      ],
      { cwd: root, encoding: "utf8" },
    );
    return JSON.parse(stdout) as { type: string; culprit: string; count: number }[];
  };
  await waitUntil(
    () =>
      groups().some(
        ({ type, culprit, count }) =>
          type === "TypeError" && culprit.includes("taxRate") && count >= 4,
      ),
    {
      ...WAIT,
      what: "four errors of taxRate",
    },
  );
});

test("the station beside the shop ends in order when the shop is killed", async () => {
  await using shop = await openShop({ args: ["--station", "--traffic", "none"] });
  process.kill(shop.process.pid, "SIGKILL");
  await waitUntil(() => processesInGroup(shop.process.pid).length === 0, {
    ...WAIT,
    what: "every process to be gone",
  });
});
