// The built-in pages over HTTP: hostile texts stay texts, an empty station and a big one are shown, and who may look.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { waitUntil } from "@flx/testkit";
import { StationProcess } from "../running-station.ts";
import { HOSTILE, postJson, sendHostile, SHOWN, TRACE_ID } from "./hostile-signals.ts";

const PAGES = ["/", "/query", "/traces", "/errors", "/logs"] as const;

interface Shown {
  readonly path: string;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

async function show(station: StationProcess, path: string, init: RequestInit = {}): Promise<Shown> {
  const response = await fetch(station.url + path, init);
  return {
    path,
    status: response.status,
    text: await response.text(),
    headers: response.headers,
  };
}

/** Follows every link from a page, up to so many pages. */
async function crawl(station: StationProcess, from: string, most: number): Promise<Shown[]> {
  const seen = new Set([from]);
  const shown: Shown[] = [];
  for (const path of seen) {
    if (shown.length >= most) break;
    const page = await show(station, path);
    shown.push(page);
    for (const [, link] of page.text.matchAll(/href="([^"]*)"/g)) {
      const plain = link!.replaceAll("&amp;", "&").replaceAll("&#39;", "'").split("#")[0]!;
      // Every length of time of every page would be a long way.
      if (plain !== "" && !/range=(?:5m|6h|1d|7d)|end=/.test(plain)) seen.add(plain);
    }
  }
  return shown;
}

/** Says what is wrong without printing a page. */
function has({ path, text }: Pick<Shown, "path" | "text">, want: RegExp, isThere = true): void {
  const found = want.exec(text)?.[0].slice(0, 200);
  assert.ok((found !== undefined) === isThere, `${path}: ${want} gives ${found}`);
}

/** No element and no attribute that the pages themselves do not have. */
function assertInert(page: Shown): void {
  const { path, text, headers, status } = page;
  if (!path.startsWith("/page/")) {
    assert.match(headers.get("content-type")!, /^text\/html/, path);
    has(page, /<(?:script|img|iframe|object|embed|base|style)\b/i, false);
    // Without what stands in quotes: there it is only text.
    const bare = { path, text: text.replaceAll(/"[^"]*"/g, '""') };
    has(bare, /<[^>]*\s(?:on\w+|style)\s*=/i, false);
    // oxlint-disable-next-line no-control-regex -- what must not be there
    has(page, /[\u0000-\u0008\u001b\u202e]/, false);
    for (const [, link] of text.matchAll(/(?:href|action|src)="([^"]*)"/g)) {
      assert.match(link!, /^(?:\/(?!\/)|#)/, `${path} leads elsewhere: ${link}`);
    }
  }
  const policy = headers.get("content-security-policy")!;
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:|data:/, path);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.ok(status < 500, `${path}: ${status}`);
}

test("hostile texts of spans, logs, errors, labels and targets stay texts on every page", async () => {
  const target = createServer((_, response) => {
    response.end(`hostile_target{path=${JSON.stringify('"><img src=x onerror=alert(1)>')}} 1\n`);
  }).listen(0, "127.0.0.1");
  await once(target, "listening");
  try {
    const address = `127.0.0.1:${(target.address() as AddressInfo).port}`;
    const job = JSON.stringify(`j${HOSTILE.replaceAll(/[^ -~]/g, "")}`);
    const config = `
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: ${job}
    static_configs: [{ targets: ["${address}"], labels: { instance: ${job} } }]
  - job_name: gone
    static_configs: [{ targets: ["127.0.0.1:1"] }]
`;
    await using station = await StationProcess.start({ config });
    await sendHostile(station.otlpHttp);
    await waitUntil(async () => {
      const { text } = await show(station, "/");
      return text.includes("ECONNREFUSED");
    });
    const starts = [
      "/",
      `/query?query=${encodeURIComponent("hostile_total")}`,
      `/query?query=${encodeURIComponent("hostile_target")}`,
      `/query?query=${encodeURIComponent(HOSTILE)}`,
      `/query?query=${encodeURIComponent(JSON.stringify(HOSTILE))}`,
      `/traces?service=${encodeURIComponent(HOSTILE)}&attribute=${encodeURIComponent(HOSTILE)}`,
      `/traces/${TRACE_ID}?span=b7ad6b7169203331`,
      `/logs?text=${encodeURIComponent(HOSTILE)}`,
      `/errors?state=any&text=${encodeURIComponent(HOSTILE)}`,
    ];
    const shown = new Map<string, Shown>();
    for (const start of starts) {
      for (const page of await crawl(station, start, 30)) shown.set(page.path, page);
    }
    for (const page of shown.values()) assertInert(page);
    const asText = SHOWN.replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
    const group = [...shown.keys()].find((path) => path.startsWith("/errors/"));
    for (const path of ["/", starts[1]!, starts[6]!, "/logs", "/errors", group!]) {
      assert.ok(shown.get(path)!.text.includes(asText), `${path} does not show it`);
    }
    // Links that pages have lead somewhere.
    for (const { path, status } of shown.values()) {
      const isWrong = starts.slice(3).includes(path);
      assert.ok(status === 200 || isWrong, `${path}: ${status}`);
    }
  } finally {
    target.close();
  }
});

test("an empty station shows what is not there, and what is asked wrongly is said", async () => {
  await using station = await StationProcess.start();
  for (const path of PAGES) {
    const page = await show(station, path);
    assert.equal(page.status, 200, path);
    assertInert(page);
  }
  has(await show(station, "/"), /No spans in this time/);
  const f = async (path: string, status: number, want: RegExp) => {
    const page = await show(station, path);
    assert.equal(page.status, status, path);
    has(page, want);
    assertInert(page);
  };
  await f("/query?query=sum(", 400, /role="alert">[^<]*unclosed left parenthesis/);
  await f("/query?query=up%5B5m%5D", 200, /samples/);
  await f("/query?query=%22text%22", 200, /<pre>text<\/pre>/);
  await f("/query?query=1%2B1", 200, /<pre>2<\/pre>/);
  await f("/query?query=up&range=9999d", 400, /must be from 1s to 366d/);
  await f("/query?query=up&range=bogus", 400, /cannot parse/);
  await f("/query?query=up&end=1e99", 400, /valid timestamp/);
  await f("/traces/zz", 400, /is no trace id/);
  await f(`/traces/${"1".repeat(32)}`, 404, /there is no trace/);
  await f("/errors/0123456789abcdef", 404, /no such error group/);
  await f("/errors/zz", 404, /no such error group/);
  await f("/traces?status=maybe", 400, /is none of/);
  await f("/traces?min_duration=x", 400, /valid duration/);
  await f("/traces?attribute=%3Dx", 400, /is not like name=value/);
  await f("/logs?severity=loud", 400, /severity/);
  const live = await show(station, "/?live=1");
  assert.equal(live.headers.get("refresh"), "15");
  assert.equal((await show(station, "/", { method: "POST" })).status, 405);
});

test("pages of a big station have bounded lists, and say what they leave out", async () => {
  await using station = await StationProcess.start({
    config: `
scrape_configs:
  - job_name: many
    scrape_interval: 1h
    static_configs: [{ targets: [${Array.from({ length: 200 }, (_, i) => `"127.0.0.1:1${i}"`).join(", ")}] }]
`,
  });
  const nowMs = Date.now();
  const nano = (ms: number) => `${nowMs - 10_000 + ms}000000`;
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "big" } }] };
  const hex = (n: number, length: number) => n.toString(16).padStart(length, "0");
  const long = "long ".repeat(5_000);
  const spans = Array.from({ length: 3_000 }, (_, i) => ({
    traceId: TRACE_ID,
    spanId: hex(i + 1, 16),
    parentSpanId: i === 0 ? "" : hex(i, 16),
    name: `call ${i}`,
    startTimeUnixNano: nano(Math.floor(i / 2)),
    endTimeUnixNano: nano(5_000 - Math.floor(i / 2)),
  }));
  await postJson(`${station.otlpHttp}/v1/traces`, {
    resourceSpans: [{ resource, scopeSpans: [{ spans }] }],
  });
  const logRecords = Array.from({ length: 2_000 }, (_, i) => ({
    timeUnixNano: nano(i),
    severityNumber: 9,
    body: { stringValue: `${i} ${long}` },
    traceId: TRACE_ID,
    spanId: hex(1 + (i % 5), 16),
  }));
  for (let i = 0; i < logRecords.length; i += 100) {
    const some = logRecords.slice(i, i + 100);
    await postJson(`${station.otlpHttp}/v1/logs`, {
      resourceLogs: [{ resource, scopeLogs: [{ logRecords: some }] }],
    });
  }
  const dataPoints = Array.from({ length: 2_000 }, (_, i) => ({
    timeUnixNano: nano(9_000),
    asDouble: i,
    attributes: [{ key: "n", value: { stringValue: `${i} ${long.slice(0, 500)}` } }],
  }));
  const metrics = [{ name: "many", gauge: { dataPoints } }];
  await postJson(`${station.otlpHttp}/v1/metrics`, {
    resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }],
  });

  const f = async (path: string, ...wants: readonly RegExp[]) => {
    const page = await show(station, path);
    assert.equal(page.status, 200, path);
    assertInert(page);
    for (const want of wants) has(page, want);
    assert.ok(page.text.length < 1_500_000, `${path} has ${page.text.length} characters`);
  };
  await f("/", /and 151 more/);
  await f("/query?query=many", /1,976 more series/, /and 1,800 more/);
  await f(`/traces/${TRACE_ID}`, /500 of 3000 spans/);
  // A span that is deep down is shown with what is around it.
  await f(
    `/traces/${TRACE_ID}?span=${hex(2_001, 16)}`,
    /id="span"/,
    /call 2000/,
    /from the 1751th on/,
  );
  await f("/traces?service=big", /the first 100/);
  await f("/logs", /the newest 200/);
});

test("with access control pages are for who may read", async () => {
  const config = `
access:
  users:
    - { name: reader, roles: [read], token: reader-reader-reader }
    - { name: writer, roles: [write], token: writer-writer-writer }
`;
  await using station = await StationProcess.start({ config });
  const f = async (path: string, token: string | undefined, want: number) => {
    const headers: Record<string, string> =
      token === undefined ? {} : { authorization: `Bearer ${token}` };
    const page = await show(station, path, { headers });
    assert.equal(page.status, want, `${path} ${token}`);
    if (want >= 400) has(page, /<html/, false);
  };
  for (const path of PAGES) {
    await f(path, "reader-reader-reader", 200);
    await f(path, "writer-writer-writer", 403);
    await f(path, undefined, 401);
  }
  await f("/page/page.css", undefined, 200);
});
