// Traces and logs through a whole station: sent by our SDK and by hand, over both doors, asked by API and command, and there
// again after the process was killed.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder, waitUntil } from "@flx/testkit";
import { StationProcess } from "./running-station.ts";

const run = promisify(execFile);
const main = join(import.meta.dirname, "../src/main.ts");
const TRACE = "0af7651916cd43dd8448eb211c80319c";

async function data(url: string): Promise<unknown> {
  const response = await fetch(url);
  return ((await response.json()) as { data?: unknown }).data;
}

async function send(station: StationProcess, path: string, body: object): Promise<unknown> {
  const response = await fetch(`${station.otlpHttp}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, path);
  return response.json();
}

function request(spans: readonly object[]) {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "by-hand" } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] };
}

function span(spanId: string, name: string) {
  const ns = `${Date.now()}000000`;
  return { traceId: TRACE, spanId, name, kind: 2, startTimeUnixNano: ns, endTimeUnixNano: ns };
}

test("what was acknowledged of traces and logs is there, also after the station was killed", async () => {
  await using folder = await temporaryFolder("signals");
  {
    const station = await StationProcess.start({ folder });
    const spans = [
      span("b7ad6b7169203331", "one"),
      span("", "none"),
      span("b7ad6b7169203332", "two"),
    ];
    const answer = await send(station, "/v1/traces", request(spans));
    assert.deepEqual(answer, {
      partialSuccess: {
        rejectedSpans: "1",
        errorMessage: "a span whose span_id is not 8 bytes, not all zero",
      },
    });
    const record = {
      timeUnixNano: `${Date.now()}000000`,
      body: { stringValue: "paid" },
      traceId: TRACE,
    };
    const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] };
    assert.deepEqual(await send(station, "/v1/logs", logs), {});
    await station.process.kill();
    await station[Symbol.asyncDispose]();
  }
  await using station = await StationProcess.start({ folder });
  const trace = (await data(`${station.url}/api/v1/traces/${TRACE}`)) as {
    spans: { name: string }[];
  };
  assert.deepEqual(trace.spans.map(({ name }) => name).toSorted(), ["one", "two"]);
  const logs = JSON.stringify(await data(`${station.url}/api/v1/logs?trace=${TRACE}`));
  assert.match(logs, /paid/);
  const broken = await fetch(`${station.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: Uint8Array.of(10, 100, 1),
  });
  assert.equal(broken.status, 400);
  const env = { ...process.env, FLX_URL: station.url, NO_COLOR: "1" };
  const args = ["--conditions=@flx/source", main, "trace", TRACE];
  const { stdout } = await run(process.execPath, args, { env });
  assert.match(stdout, /one[^]*two|two[^]*one/);
});

test("our SDK's spans, logs and metrics arrive, over HTTP and gRPC", async () => {
  await using folder = await temporaryFolder("signals");
  await using station = await StationProcess.start({ folder });
  for (const [protocol, endpoint] of [
    ["http/protobuf", station.otlpHttp],
    ["grpc", station.otlpGrpc],
  ] as const) {
    const service = `service-${protocol.slice(0, 4)}`;
    const program = join(import.meta.dirname, `signals-${process.pid}-${service}.mjs`);
    await writeFile(
      program,
      `import { startMonitoring } from "@flx/monitoring";
const flx = await startMonitoring({ service: ${JSON.stringify(service)} });
await flx.trace("place order", async () => { flx.logger.info({ order: 7 }, "order placed"); })();
await flx.errors.context("charging the card", { order: 7 }, async () => { throw new RangeError("no credit for 17"); }).catch(() => undefined);
await flx.shutdown();
`,
    );
    try {
      const env = {
        ...process.env,
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        FLX_ADMIN_PORT: "0",
      };
      await run(process.execPath, ["--conditions=@flx/source", program], { env });
    } finally {
      await run("rm", ["-f", program]);
    }
    await waitUntil(async () => {
      const found = await data(`${station.url}/api/v1/traces?service=${service}`);
      return JSON.stringify(found).includes("place order");
    });
    const logs = JSON.stringify(await data(`${station.url}/api/v1/logs?service=${service}`));
    assert.match(logs, /order placed/);
    assert.match(logs, /"traceId":"[0-9a-f]{32}"/);
    // The report and the line that was logged about it are one occurrence.
    const errors = (await data(`${station.url}/api/v1/errors?service=${service}`)) as {
      type: string;
      services: { name: string; count: number }[];
    }[];
    const counts = errors.map(({ type, services }) => [
      type,
      services.find(({ name }) => name === service)?.count,
    ]);
    assert.deepEqual(counts, [["RangeError", 1]]);
  }
  const services = JSON.stringify(await data(`${station.url}/api/services`));
  assert.match(services, /service-grpc.*service-http/);
});
