// flx query as a process, asking an API over series in memory: what it prints and how it ends.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, test } from "node:test";
import { Labels } from "@flx/model";
import { MemoryQueryable, PromqlEngine } from "@flx/promql";
import { freePort } from "@flx/testkit";
import { HttpServer } from "../src/api/http/http-server.ts";
import { queryRoutes } from "../src/api/prometheus/query-routes.ts";
import { ActiveQueries } from "../src/query/active-queries.ts";
import { Gate } from "../src/query/gate.ts";
import { QueryRunner } from "../src/query/query-runner.ts";

const nowMs = 1_700_000_000_000;
const memory = new MemoryQueryable();
for (let i = 0; i <= 240; i++) {
  const timeMs = nowMs - 3_600_000 + i * 15_000;
  memory.append(Labels.from({ __name__: "orders_total", country: "DE" }), timeMs, i);
  memory.append(Labels.from({ __name__: "orders_total", country: "\u001b[31mFR" }), timeMs, 2 * i);
}
const runner = new QueryRunner({
  engine: new PromqlEngine({ queryable: memory }),
  gate: new Gate(4, 4),
  active: new ActiveQueries(undefined),
  now: () => nowMs,
  timeoutMs: 5_000,
});
const server = await HttpServer.start({
  host: "127.0.0.1",
  port: 0,
  routes: queryRoutes({ runner, now: () => nowMs }),
  gate: { admit: () => ({ name: "anonymous", roles: new Set(["read"]) }) },
});
after(() => server.close());

async function query(...args: string[]) {
  const main = join(import.meta.dirname, "../src/main.ts");
  const child = spawn(process.execPath, ["--conditions=@flx/source", main, "query", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, FLX_URL: server.url, NO_COLOR: "1" },
  });
  let [out, error] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (error += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, error };
}

test("flx query prints a table, and no foreign control characters", async () => {
  const { code, out } = await query("orders_total");
  assert.equal(code, 0);
  assert.match(out, /^orders_total\{country="DE"\} +240$/m);
  assert.match(out, /country="\\u001b\[31mFR"\} +480$/m);
  assert.ok(!out.includes("\u001b"));
});

test("flx query --range draws a plot with its legend", async () => {
  const { code, out } = await query("--range", "1h", "--time", "1700000000", "orders_total");
  assert.equal(code, 0);
  assert.match(out, /[⠁-⣿]{5}/);
  assert.match(out, /■ orders_total\{country="DE"\} {2}last 240/);
});

test("flx query --json prints what the API answers", async () => {
  const { code, out } = await query("--json", "--stats", "sum(orders_total)");
  assert.equal(code, 0);
  const { stats, ...data } = JSON.parse(out) as Record<string, unknown>;
  assert.deepEqual(data, {
    resultType: "vector",
    result: [{ metric: {}, value: [1_700_000_000, "720"] }],
  });
  assert.ok(stats !== undefined);
});

test("flx query ends with a code of its own for each way to fail", async () => {
  const refused = await query("sum(");
  assert.equal(refused.code, 1);
  assert.match(refused.error, /parse error/);
  const nobody = await query("--url", `http://127.0.0.1:${await freePort()}`, "up");
  assert.equal(nobody.code, 2);
  assert.match(nobody.error, /ECONNREFUSED; start one with: .*flx (?:-- )?up/);
  const wrong = await query("--range", "soon", "up");
  assert.equal(wrong.code, 64);
  assert.match(wrong.error, /--range is a length of time like/);
});
