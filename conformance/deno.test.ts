// Deno's own OpenTelemetry against a real station: an exporter that is written in Rust and shares no code with the
// JavaScript ones. What it sends is the same in the station by every protocol.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { requirePeer, startProcess, temporaryFolder, waitUntil } from "@flx/testkit";
import { StationProcess } from "../packages/station/test/running-station.ts";

const WAIT = { timeoutMs: 60_000, everyMs: 200 };

interface FoundTrace {
  readonly traceId: string;
  readonly spans: number;
  readonly errors: number;
}

interface FoundSpan {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: unknown }[];
}

interface FoundLog {
  readonly body: string;
  readonly severity: string;
  readonly traceId: string;
  readonly spanId: string;
}

async function api<T>(station: StationProcess, path: string): Promise<T> {
  const response = await fetch(`${station.url}/api/v1/${path}`);
  assert.equal(response.status, 200, path);
  return ((await response.json()) as { readonly data: T }).data;
}

function nameAndLabels(text: string): string {
  const { __name__: name, job: _, ...others } = JSON.parse(text) as Record<string, string>;
  return `${name} ${JSON.stringify(others)}`;
}

test("Deno's exporter arrives equal over HTTP/protobuf, HTTP/JSON and gRPC", async (t) => {
  const deno = requirePeer(t, "deno");
  if (deno === undefined) return;
  await using station = await StationProcess.start();
  await using folder = await temporaryFolder("deno");
  for (const protocol of ["http/protobuf", "http/json", "grpc"]) {
    const service = `deno-${protocol.replace("/", "-")}`;
    await using client = await startProcess({
      name: "the Deno client",
      command: deno.path,
      args: ["run", "--no-lock", "--node-modules-dir=manual", "--allow-all", "deno-client.mjs"],
      cwd: join(import.meta.dirname, "fixture"),
      env: {
        DENO_DIR: folder.path,
        DENO_NO_UPDATE_CHECK: "1",
        OTEL_DENO: "true",
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_ENDPOINT: protocol === "grpc" ? station.otlpGrpc : station.otlpHttp,
      },
    });
    assert.deepEqual(await client.exited, { code: 0, signal: null }, client.log());

    const samples = await station.query(`{job="${service}", __name__!="target_info"}`);
    assert.deepEqual(
      samples.map(([labels, value]) => `${nameAndLabels(labels)} ${value}`).toSorted(),
      [
        'lat_seconds_bucket {"le":"+Inf"} 2',
        'lat_seconds_bucket {"le":"1"} 1',
        'lat_seconds_bucket {"le":"5"} 2',
        "lat_seconds_count {} 2",
        "lat_seconds_sum {} 3.5",
        "open {} -2",
        'reqs_total {"method":"GET"} 3',
        "temp_celsius {} 21.5",
      ],
      protocol,
    );

    const [found] = await waitUntil(async () => {
      const traces = await api<FoundTrace[]>(station, `traces?service=${service}`);
      return traces.length > 0 && traces;
    }, WAIT);
    assert.deepEqual([found!.spans, found!.errors], [2, 1], protocol);
    const { spans } = await api<{ spans: FoundSpan[] }>(station, `traces/${found!.traceId}`);
    const [outer, inner] = ["outer", "inner"].map((name) => spans.find((s) => s.name === name)!);
    assert.equal(inner!.parentSpanId, outer!.spanId);
    assert.deepEqual([outer!.kind, outer!.attributes["order"]], ["server", 7]);
    assert.equal(inner!.status, "error");
    assert.deepEqual(
      inner!.events.map(({ name, attributes }) => [name, attributes]),
      [["seen", { by: "deno" }]],
    );

    const logs = await api<FoundLog[]>(station, `logs?service=${service}`);
    assert.deepEqual(
      logs.map(({ body, traceId, spanId }) => [body.trim(), traceId, spanId]),
      [["inside", found!.traceId, inner!.spanId]],
      protocol,
    );
  }
});
