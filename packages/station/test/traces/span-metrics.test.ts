// Span metrics and service graph of a real station, asked as anybody would: PromQL for the series, the API for the spans.

import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, waitUntil } from "@flx/testkit";
import { runFlx } from "../run-flx.ts";
import { StationProcess } from "../running-station.ts";
import { type SaidSpan, spanJson, spanRequest } from "./span-request.ts";

const WAIT = { timeoutMs: 60_000, everyMs: 250 };
const CONFIG = "traces: { interval: 1s, service_graph: { wait: 1s } }\n";

const SERVICES = ["gateway", "orders", 'a"b\\c', "__proto__", "ünï\u0000\u001b[31m"];
const NAMES = ["GET /", "POST /orders", "__proto__", "constructor", "a\nb", "{{x}}", "'; --", "👍"];
const KINDS = ["internal", "server", "client", "producer", "consumer"] as const;

/** Spans by a seed: few names, all kinds and statuses. */
function madeSpans(count: number, seed: number): SaidSpan[] {
  const random = seededRandom(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  return Array.from({ length: count }, (_, i) => ({
    service: one(SERVICES),
    name: one(NAMES),
    kind: one(KINDS),
    status: Math.floor(random() * 3),
    trace: `t${seed}-${i >> 3}`,
    id: `${seed}-${i}`,
    startMs: Date.now() - Math.floor(random() * 60_000),
    ms: Math.round(random() * 1_000_000) / 1_000,
    ...(random() < 0.7 && { parent: `${seed}-${i - 1}` }),
  }));
}

async function post(url: string, body: unknown): Promise<number> {
  const isBytes = body instanceof Uint8Array;
  const response = await fetch(`${url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": isBytes ? "application/x-protobuf" : "application/json" },
    body: isBytes ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.status;
}

interface SpanBody {
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly durationNs: number;
}

/** All spans that are kept, counted by what span metrics count by. */
async function recounted(station: StationProcess): Promise<Map<string, [number, number]>> {
  const response = await fetch(`${station.url}/api/v1/spans?limit=10000`);
  const { data } = (await response.json()) as { data: readonly SpanBody[] };
  const counts = new Map<string, [number, number]>();
  for (const { service, name, kind, status, durationNs } of data) {
    const key = JSON.stringify([service, name, kind.toUpperCase(), status.toUpperCase()]);
    const [count, sum] = counts.get(key) ?? [0, 0];
    counts.set(key, [count + 1, sum + durationNs / 1e9]);
  }
  return counts;
}

/** The same from the series. */
async function counted(station: StationProcess): Promise<Map<string, [number, number]>> {
  const counts = new Map<string, [number, number]>();
  const f = async (promql: string, at: 0 | 1): Promise<void> => {
    for (const [labels, value] of await station.query(promql)) {
      const { service_name, span_name, span_kind, status_code } = JSON.parse(labels) as Record<
        string,
        string
      >;
      const key = JSON.stringify([
        service_name,
        span_name,
        span_kind!.replace("SPAN_KIND_", ""),
        status_code!.replace("STATUS_CODE_", ""),
      ]);
      const both = counts.get(key) ?? [0, 0];
      both[at] = Number(value);
      counts.set(key, both);
    }
  };
  await f("traces_span_metrics_calls_total", 0);
  await f("histogram_sum(traces_span_metrics_duration_seconds)", 1);
  return counts;
}

async function total(station: StationProcess, promql: string): Promise<number> {
  const [found] = await station.query(`sum(${promql})`);
  return found === undefined ? 0 : Number(found[1]);
}

test("span metrics are what a recount of the stored spans gives, whatever is in their names", async () => {
  await using station = await StationProcess.start({ config: CONFIG });
  const all = [1, 2, 3].map((seed) => madeSpans(500, seed));
  assert.equal(await post(station.otlpHttp, spanRequest(all[0]!)), 200);
  assert.equal(await post(station.otlpHttp, spanJson(all[1]!)), 200);
  // What is no request is refused whole, and counts nothing; what comes again counts no second time.
  assert.equal(await post(station.otlpHttp, spanRequest(all[2]!).subarray(0, -3)), 400);
  assert.equal(await post(station.otlpHttp, spanRequest(all[2]!)), 200);
  assert.equal(await post(station.otlpHttp, spanRequest(all[2]!)), 200);
  assert.equal(await post(station.otlpHttp, spanRequest(all[2]!.toReversed())), 200);

  const calls = "traces_span_metrics_calls_total";
  await waitUntil(async () => (await total(station, calls)) === 1_500, {
    ...WAIT,
    what: "1,500 spans to be counted",
  });
  const want = await recounted(station);
  const got = await counted(station);
  assert.ok(want.size > 300, `${want.size} label sets`);
  assert.deepEqual([...got.keys()].toSorted(), [...want.keys()].toSorted());
  for (const [key, [count, sum]] of want) {
    assert.equal(got.get(key)![0], count, key);
    assert.ok(Math.abs(got.get(key)![1] - sum) < 1e-9, key);
  }
  assert.equal(
    await total(station, "histogram_count(traces_span_metrics_duration_seconds)"),
    1_500,
  );
  // The first spans of a series are seen by functions over time as well.
  assert.ok((await total(station, `increase(${calls}[5m])`)) > 1_400);

  const found = (await (
    await fetch(
      `${station.url}/api/v1/query_exemplars?query=traces_span_metrics_duration_seconds` +
        `&start=${Date.now() / 1_000 - 3_600}&end=${Date.now() / 1_000 + 60}`,
    )
  ).json()) as { data: { exemplars: { labels: Record<string, string>; value: string }[] }[] };
  const exemplar = found.data[0]!.exemplars[0]!;
  const trace = await fetch(`${station.url}/api/v1/traces/${exemplar.labels["trace_id"]}`);
  const { data } = (await trace.json()) as { data: { spans: readonly SpanBody[] } };
  const span = data.spans.find(({ spanId }) => spanId === exemplar.labels["span_id"]);
  assert.equal(span?.durationNs, Math.round(Number(exemplar.value) * 1e9));
});

test("what was counted is written before a station ends, and a new one begins at zero", async () => {
  const calls = (count: number, from: number): SaidSpan[] =>
    Array.from({ length: count }, (_, i) => ({
      service: "a",
      name: "x",
      id: `${from}-${i}`,
      startMs: Date.now(),
    }));
  const first = await StationProcess.start({ config: "traces: { interval: 4m }\n" });
  try {
    await post(first.otlpHttp, spanRequest(calls(50, 1)));
    assert.equal((await first.stop()).code, 0);
    await using second = await StationProcess.start({ config: CONFIG, folder: first.folder });
    const series = "traces_span_metrics_calls_total";
    assert.equal(await total(second, `last_over_time(${series}[5m])`), 50);
    await post(second.otlpHttp, spanRequest(calls(20, 2)));
    await waitUntil(async () => (await total(second, series)) === 20, {
      ...WAIT,
      what: "the new station's counts",
    });
    assert.equal(await total(second, `resets(${series}[5m])`), 1);
    assert.equal(await total(second, `resets(traces_span_metrics_duration_seconds[5m])`), 1);
  } finally {
    await first.stop();
    await first.folder.remove();
  }
});

test("hostile spans harm only their own series: bounded, and no other service's numbers change", async () => {
  const config = `traces:
  interval: 1s
  span_metrics: { operations_per_service: 10 }
  service_graph: { wait: 1s, waiting: 100, edges: 5 }
`;
  await using station = await StationProcess.start({ config });
  const good: SaidSpan[] = Array.from({ length: 20 }, (_, i) => ({
    service: "good",
    name: "GET /",
    kind: "server",
    trace: `g${i}`,
    id: `g${i}`,
  }));
  await post(station.otlpHttp, spanRequest(good));
  const hostile: SaidSpan[] = Array.from({ length: 2_000 }, (_, i) => ({
    service: "evil",
    name: `GET /${i}/${"x".repeat(i % 2 === 0 ? 10 : 3_000)}`,
    kind: (["server", "client", "producer", "consumer"] as const)[i % 4]!,
    status: i % 5,
    trace: `e${i}`,
    id: `e${i}`,
    ...(i % 3 === 0 && { parent: "nobody" }),
    startMs: i % 7 === 0 ? 1_000 : Date.now(),
    ms: i % 11 === 0 ? -1_000 : 1,
    attributes: {
      "peer.service": `\u001b]0;${i}\u0007`,
      "server.address": "__proto__",
      "db.system": i % 9 === 0 ? `db${i}` : "",
      "db.name": "x".repeat(10_000),
      "server.port": -1,
      "url.full": "http://[".repeat(100),
      "messaging.destination.name": `q${i}`,
      "zipkin.shared": i % 2 === 0,
    },
  }));
  for (let from = 0; from < hostile.length; from += 500) {
    assert.equal(await post(station.otlpHttp, spanRequest(hostile.slice(from, from + 500))), 200);
  }
  const all = "traces_span_metrics_calls_total";
  await waitUntil(async () => (await total(station, all)) === 2_020, {
    ...WAIT,
    what: "all spans to be counted",
  });
  assert.equal(await total(station, `${all}{service_name="good"}`), 20);
  assert.equal(await total(station, `${all}{service_name="evil"}`), 2_000);
  assert.ok(
    (await station.query(`group by (span_name) (${all}{service_name="evil"})`)).length <= 11,
  );
  const edges = "traces_service_graph_request_total";
  await waitUntil(async () => (await total(station, edges)) >= 1_000, { ...WAIT, what: "edges" });
  assert.equal(await total(station, `${edges}{client="user",server="good"}`), 20);
  assert.ok((await station.query(`group by (client, server) (${edges})`)).length <= 6);
  await seenByPeople(station);
  const waiting = await station.query("flx_traces_waiting_spans");
  assert.ok(waiting.every(([, value]) => Number(value) <= 100));
});

/** What `flx graph` and the first page show of it: the good edge whole, of the hostile ones nothing that steers a terminal. */
async function seenByPeople(station: StationProcess): Promise<void> {
  const { code, out, error } = await runFlx("graph", "--url", station.url);
  assert.equal(code, 0, error);
  assert.doesNotMatch(out.replaceAll("\n", ""), /\p{Cc}/u);
  const [head, ...lines] = out.trimEnd().split("\n");
  assert.match(head!, /^CLIENT +SERVER +CALLS +FAILED +CLIENT P95 +SERVER P95$/);
  assert.ok(
    lines.some((line) => /^user +good +20 +\d[\d.]* ms/.test(line)),
    out,
  );
  const json = await runFlx("graph", "--json", "--since", "10m", "--url", station.url);
  const { edges } = JSON.parse(json.out) as { edges: { client: string; server: string }[] };
  assert.equal(edges.length, lines.length);
  assert.equal((await runFlx("graph", "good", "--url", station.url)).code, 64);
  const page = await (await fetch(`${station.url}/`)).text();
  const calls = /<section id="calls"[\s\S]*?<\/section>/.exec(page)![0];
  assert.match(calls, /<td>user<\/td>\s*<td><a\s+href="[^"]*service=good[^"]*"\s*>good<\/a\s*>/);
}
