// A receiver that says no is told of by the check `export`, in its own words and without its secrets.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { startMonitoring } from "@flx/monitoring";
import { Registry } from "@flx/monitoring/metrics";
import { freePort, temporaryFolder, waitUntil } from "@flx/testkit";

test("health says what a receiver answered, and metrics what became of the records", async () => {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(403).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const registry = new Registry();
  {
    await using flx = await startMonitoring({
      service: "refused",
      admin: false,
      otlp: { endpoint: `http://app:hunter2@127.0.0.1:${port}`, metrics: false, logs: false },
      metrics: { registry, system: false },
      logging: { destination: { write: () => true } },
      onProblem: () => undefined,
    });
    assert.equal((await flx.health.run("export")).status, "healthy");
    flx.traceSync("work", () => undefined);
    assert.equal(await flx.flush(), false, "refused");
    await waitUntil(() => flx.exporter?.deliveryFault("traces") !== undefined, { what: "a fault" });
    const { status, message } = await flx.health.run("export");
    assert.equal(status, "degraded");
    assert.match(message ?? "", /^1 records of traces lost: .*answered 403 to traces$/);
    assert.ok(!(message ?? "").includes("hunter2"), message);
    const text = await registry.metrics();
    assert.ok(
      text.includes('flx_export_records_total{signal="traces",outcome="refused"} 1\n'),
      text,
    );
  }
  server.closeAllConnections();
  server.close();
});

test("that nobody is there to receive is told once, as a problem", async () => {
  const problems: string[] = [];
  const port = await freePort();
  await using flx = await startMonitoring({
    service: "alone",
    admin: false,
    otlp: { endpoint: `http://127.0.0.1:${port}`, metrics: false, logs: false },
    spool: false,
    metrics: { registry: new Registry(), system: false },
    logging: { destination: { write: () => true } },
    onProblem: (problem) => problems.push(problem),
  });
  const wait = async (wanted: string) => {
    flx.traceSync("work", () => undefined);
    let now = "";
    await waitUntil(
      async () => {
        now = (await flx.health.run("export")).status;
        return now === wanted;
      },
      { what: wanted },
    );
  };
  await wait("healthy");
  await wait("degraded");
  // It comes, and goes again.
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end());
  });
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  await wait("healthy");
  server.close();
  server.closeAllConnections();
  await wait("degraded");
  const told = problems.filter((each) => each.startsWith("export: "));
  assert.equal(told.length, 1, problems.join("\n"));
  assert.match(told[0]!, /^export: the receiver of traces does not take them: .*ECONNREFUSED/);
});

test("flush() is true when all is at the receiver or on disk, and false when it is in memory only", async () => {
  await using folder = await temporaryFolder();
  const port = await freePort();
  const f = async (spool: false | { folder: string }, want: boolean) => {
    await using flx = await startMonitoring({
      service: "alone",
      admin: false,
      otlp: { endpoint: `http://127.0.0.1:${port}`, metrics: false, logs: false },
      spool,
      metrics: { registry: new Registry(), system: false },
      logging: { destination: { write: () => true } },
      onProblem: () => undefined,
    });
    flx.traceSync("work", () => undefined);
    assert.equal(await flx.flush(), want);
  };
  await f({ folder: folder.path }, true);
  await f(false, false);
});
