// An admin server whose scrapes are answered by a thread of their own, in real processes.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { parseExpositionStrict } from "@flx/model";
import { Counter, observableGauge, Registry, startAdminServer } from "@flx/monitoring/metrics";
import { waitUntil } from "@flx/testkit";

/** A process that runs a program as a module; its first line on standard output. */
async function run(
  t: TestContext,
  program: string,
): Promise<{ child: ChildProcess; line: string }> {
  const args = ["--conditions=@flx/source", "--input-type=module", "-e", program];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [bytes] = (await once(child.stdout, "data")) as [Buffer];
  return { child, line: bytes.toString().trim() };
}

async function scrape(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${url}/metrics`, { headers, signal: AbortSignal.timeout(20_000) });
  assert.equal(response.status, 200);
  return response.text();
}

test("`renderInWorker` answers scrapes exactly while the service's own thread is blocked for ever", async (t) => {
  const { line: url } = await run(
    t,
    `import { Counter, Histogram, Gauge, startAdminServer, register } from "@flx/monitoring/metrics";
    register.setDefaultLabels({ zone: "a" });
    const admin = await startAdminServer({ port: 0, renderInWorker: true });
    const counter = new Counter({ name: "c_total", help: "c", labelNames: ["x"] });
    const took = new Histogram({ name: "h", help: "h", buckets: [1] });
    counter.inc({ x: "a" }, 41);
    new Gauge({ name: "g", help: "g", collect() { this.set(1); } }).set(7);
    console.log(admin.url);
    setTimeout(() => { for (;;) { counter.inc({ x: "loop" }); took.observe(0.5); } }, 50);`,
  );
  await waitUntil(async () => (await scrape(url)).includes('x="loop"'));
  let last = 0;
  for (let i = 0; i < 3; i++) {
    // It has counted on, and did not answer: nobody asked for its callbacks but once.
    await waitUntil(async () => {
      const text = await scrape(url, { accept: "application/openmetrics-text; version=1.0.0" });
      assert.ok(parseExpositionStrict(text, { format: "openmetrics" }).length > 0);
      assert.match(text, /c_total\{x="a",zone="a"\} 41\n/);
      assert.match(text, /flx_fleet_silent_members\{kind="thread",zone="a"\} 1\n/);
      const before = last;
      last = Number(/c_total\{x="loop",zone="a"\} (\d+)/.exec(text)?.[1]);
      assert.ok(last >= before);
      return last > before;
    });
  }
});

test("`renderInWorker` runs callbacks where they belong, and hands other routes to the service", async () => {
  const registry = new Registry();
  const registers = [registry];
  const told: unknown[] = [];
  const admin = await startAdminServer({
    port: 0,
    registry,
    renderInWorker: true,
    handlers: {
      "/livez": (request, response) => {
        response.writeHead(418, { "x-method": request.method ?? "" }).end("from here\n");
      },
      "/fails": () => {
        throw new Error("on purpose");
      },
    },
    onError: (error) => told.push(error),
  });
  try {
    let asks = 0;
    observableGauge({ name: "asked", help: "a", registers, collect: (observe) => observe(++asks) });
    new Counter({ name: "c_total", help: "c", registers }).inc(3);
    assert.match(await scrape(admin.url), /asked 1\n[^]*c_total 3\n/);
    assert.match(await scrape(admin.url), /asked 2\n/);
    const live = await fetch(`${admin.url}/livez?a=b`, { method: "POST", body: "x" });
    assert.deepEqual(
      [live.status, live.headers.get("x-method"), await live.text()],
      [418, "POST", "from here\n"],
    );
    const failed = await fetch(`${admin.url}/fails`);
    assert.deepEqual([failed.status, await failed.text()], [500, "internal error\n"]);
    assert.equal((told[0] as Error).message, "on purpose");
    admin.route("/later", (_, response) => void response.end("later"));
    await waitUntil(async () => (await fetch(`${admin.url}/later`)).status === 200);
    assert.equal((await fetch(`${admin.url}/nothing`)).status, 404);
    const index = await (await fetch(admin.url)).text();
    assert.equal(index, "/fails\n/later\n/livez\n/metrics\n");
    await assert.rejects(startAdminServer({ port: admin.port, registry, renderInWorker: true }), {
      code: "FLX_ADMIN_LISTEN",
    });
    assert.match(await scrape(admin.url), /c_total 3\n/);
  } finally {
    await admin.close();
  }
  await assert.rejects(fetch(`${admin.url}/metrics`));
  assert.match(await registry.metrics(), /c_total 3/);
});

test("`renderInWorker` does not keep a process alive, nor load what `--import` loads", async (t) => {
  const args = [
    "--conditions=@flx/source",
    "--import",
    "data:text/javascript,console.log('loaded')",
  ];
  const program = `import { startAdminServer } from "@flx/monitoring/metrics";
    const admin = await startAdminServer({ port: 0, renderInWorker: true });
    const response = await fetch(admin.url + "/metrics");
    console.log(response.status);
    await response.text();`;
  const child = spawn(process.execPath, [...args, "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const [code] = (await once(child, "close")) as [number];
  assert.deepEqual([code, text], [0, "loaded\n200\n"]);
});
