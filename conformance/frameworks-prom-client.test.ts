// Libraries that use a Prometheus client, on ours: express-prom-bundle and fastify-metrics, unchanged, in processes of
// their own (fixture/prom-client).
//
//   the same requests ──► the library on the client it is made for ──► exposition ──┐
//                    └──► the library on @flx/monitoring/prom-client ──► exposition ─┴─► equal, apart from measured values
//
// How they come to ours: by node --import with fixture/prom-client/redirect.ts, by a folder that npm's `overrides` puts in
// the place of the client, or by the library's own option. Whose registry counts is asked of ours in the same process.

import assert from "node:assert/strict";
import { cp, mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { httpGet, type RunningProcess, startProcess, temporaryFolder } from "@flx/testkit";

const fixture = join(import.meta.dirname, "fixture", "prom-client");
const root = join(import.meta.dirname, "..");
const redirected = ["--import", join(fixture, "redirect.ts")];

interface Started {
  readonly process: RunningProcess;
  readonly url: string;
  /** Where the primary of a cluster serves the metrics. */
  readonly metrics?: string;
  readonly isOurs: boolean;
}

async function start(args: readonly string[], nodeOptions: readonly string[]): Promise<Started> {
  const running = await startProcess({
    command: process.execPath,
    args: ["--conditions=@flx/source", ...nodeOptions, ...args],
    ready: { line: /^\{"url"/ },
  });
  const [line = "{}"] = await running.waitForLine(/^\{"url".*$/);
  return { process: running, ...(JSON.parse(line) as Omit<Started, "process">) };
}

/** The same requests for every application. */
async function shop(url: string): Promise<void> {
  for (const path of ["/orders/17", "/orders/4711", "/boom", "/missing", "/orders/17?a=1"]) {
    await httpGet(url + path);
  }
  for (let i = 0; i < 3; i++) await fetch(`${url}/orders`, { method: "POST" });
  await fetch(`${url}/orders/17`, { method: "HEAD" });
}

/** What no two runs have equal: seconds spent, sizes, quantiles; and the things a process happens to have. */
const measured = /^(process_|nodejs_(?!version))|_sum[ {]|quantile=/;
const fleeting = /^nodejs_(active|gc)_\w+[ {]|^nodejs_eventloop_utilization/;

/** Since 0.16, so not in prom-client 15. */
const newer = /nodejs_eventloop_utilization/;

/** The lines of an exposition without measured values. */
function comparable(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !fleeting.test(line))
    .map((line) => (!line.startsWith("#") && measured.test(line) ? withoutValue(line) : line));
}

function withoutValue(line: string): string {
  return line.slice(0, line.lastIndexOf(" "));
}

/** The exposition after the same requests, and whether our registry counted. */
async function exposition(
  args: readonly string[],
  nodeOptions: readonly string[] = [],
  application = join(fixture, "application.ts"),
): Promise<{ lines: string[]; type: string | undefined; isOurs: boolean }> {
  const { process: running, url, isOurs } = await start([application, ...args], nodeOptions);
  await using _ = running;
  await shop(url);
  const { status, body, headers } = await httpGet(`${url}/metrics`);
  assert.equal(status, 200);
  return { lines: comparable(body), type: headers["content-type"], isOurs };
}

const bundleOptions: Readonly<Record<string, object>> = {
  histogram: { includeMethod: true, includePath: true, customLabels: { region: "eu" } },
  summary: { metricType: "summary", includeMethod: true, maxAgeSeconds: 60, ageBuckets: 3 },
  "default metrics": { promClient: { collectDefaultMetrics: { prefix: "" } } },
};

for (const [what, options] of Object.entries(bundleOptions)) {
  test(`express-prom-bundle, ${what}: the same on ours as on prom-client`, async () => {
    const args = ["express-prom-bundle", "found", JSON.stringify(options)];
    const theirs = await exposition(args);
    const ours = await exposition(args, redirected);
    assert.deepEqual([theirs.isOurs, ours.isOurs], [false, true]);
    assert.ok(ours.lines.includes('shop_orders_total{country="DE"} 3'));
    assert.deepEqual(
      ours.lines.filter((line) => !newer.test(line)),
      theirs.lines,
    );
    assert.equal(ours.type, theirs.type);
  });
}

test("express-prom-bundle in a cluster: the same on ours as on prom-client", async () => {
  const run = async (nodeOptions: readonly string[]) => {
    const application = join(fixture, "cluster.ts");
    const { process: running, url, metrics = "", isOurs } = await start([application], nodeOptions);
    await using _ = running;
    // One connection each: the workers take turns.
    for (let i = 0; i < 6; i++) await httpGet(`${url}/orders`);
    const { status, body, headers } = await httpGet(metrics);
    assert.equal(status, 200);
    return { lines: comparable(body), type: headers["content-type"], isOurs };
  };
  const theirs = await run([]);
  const ours = await run(redirected);
  assert.deepEqual([theirs.isOurs, ours.isOurs], [false, true]);
  assert.deepEqual(ours.lines, theirs.lines);
  assert.equal(ours.type, theirs.type);
});

const fastifyOptions: Readonly<Record<string, object>> = {
  "all metrics": {},
  "route metrics": { defaultMetrics: { enabled: false } },
};

for (const [what, options] of Object.entries(fastifyOptions)) {
  test(`fastify-metrics, ${what}: the same on ours as on @prometheus-io/client`, async () => {
    const args = (client: string) => ["fastify-metrics", client, JSON.stringify(options)];
    const theirs = await exposition(args("@prometheus-io/client"));
    const ours = await exposition(args("found"), redirected);
    const byOption = await exposition(args("@flx/monitoring/prom-client"));
    assert.deepEqual([theirs.isOurs, ours.isOurs, byOption.isOurs], [false, true, true]);
    assert.ok(ours.lines.includes('shop_orders_total{country="DE"} 3'));
    assert.deepEqual(ours.lines, theirs.lines);
    assert.deepEqual(byOption.lines, theirs.lines);
    assert.equal(ours.type, theirs.type);
  });
}

test("both libraries find a folder in the place of the client, as npm's overrides put it", async () => {
  await using folder = await temporaryFolder("overrides");
  const modules = folder.file("node_modules");
  // As npm lays it out: the libraries and the folder are copies; what they need further is where it always is.
  for (const name of ["express-prom-bundle", "fastify-metrics"]) {
    await cp(join(root, "node_modules", name), join(modules, name), { recursive: true });
  }
  for (const name of ["prom-client", "@prometheus-io/client"]) {
    await cp(join(fixture, "client"), join(modules, name), { recursive: true });
  }
  const further = ["express", "fastify", "fastify-plugin", "on-finished", "url-value-parser"];
  for (const name of [...further, "@flx/monitoring"]) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(root, "node_modules", name), join(modules, name));
  }
  await cp(join(fixture, "application.ts"), folder.file("application.ts"));
  const f = async (library: string, client: string) => {
    const args = [library, "found", JSON.stringify({ includePath: true })];
    const theirs = await exposition([library, client, args[2]!]);
    const ours = await exposition(args, [], folder.file("application.ts"));
    assert.deepEqual([theirs.isOurs, ours.isOurs], [false, true]);
    assert.deepEqual(ours.lines, theirs.lines);
  };
  await f("express-prom-bundle", "found");
  await f("fastify-metrics", "@prometheus-io/client");
});
