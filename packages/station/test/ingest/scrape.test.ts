// Scraping over real sockets: formats, the series about the scrape, staleness, limits, redirects, discovery.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseExposition, PROTOBUF_CONTENT_TYPE, writeProtobufExposition } from "@flx/model";
import { Registry } from "@flx/monitoring/metrics";
import { waitUntil } from "@flx/testkit";
import { IngestMetrics } from "../../src/ingest/ingest-metrics.ts";
import { Relabeling } from "../../src/ingest/relabel.ts";
import { isRefusedAddress } from "../../src/base/address-guard.ts";
import { discover } from "../../src/ingest/scrape/discovery.ts";
import { ScrapeManager } from "../../src/ingest/scrape/scrape-manager.ts";
import { type ScrapeJobSettings, targetOf } from "../../src/ingest/scrape/target.ts";
import { TargetScraper } from "../../src/ingest/scrape/target-scraper.ts";
import { MemorySink } from "./memory-sink.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(handler: Handler): Promise<AsyncDisposable & { address: string }> {
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function bench(address: string, settings: Partial<ScrapeJobSettings> = {}) {
  const sink = new MemorySink();
  let now = 1_000;
  const registry = new Registry();
  const parts = { sink, metrics: new IngestMetrics(registry), now: () => now };
  const job: ScrapeJobSettings = { jobName: "j", ...settings };
  const { target } = targetOf(job, new Relabeling(job.relabel ?? []), address, { env: "t" });
  const scraper = new TargetScraper(target!, job, new Relabeling(job.metricRelabel ?? []), parts);
  return {
    sink,
    registry,
    parts,
    scraper,
    scrape: async () => {
      now += 1_000;
      await scraper.scrape();
    },
    last: (name: string) =>
      Object.fromEntries(
        Object.entries(sink.last(new RegExp(`^${name}\\b`))).map(([key, value]) => [
          key.replaceAll(address, "A"),
          value,
        ]),
      ),
  };
}

test("TargetScraper keeps samples, tells about the scrape, and marks what disappears", async () => {
  let body = '# HELP a About a\n# TYPE a counter\na 1\nb{env="own"} 2\nc 3 500\n';
  await using server = await serve((request, response) => {
    assert.match(request.headers.accept ?? "", /openmetrics/);
    response.setHeader("Content-Type", "text/plain; version=0.0.4");
    response.setHeader("Content-Encoding", "gzip");
    response.end(gzipSync(body));
  });
  const { scraper, scrape, last, sink } = bench(server.address);
  await scrape();
  const labels = 'env="t", instance="A", job="j"';
  assert.deepEqual(last("a"), { [`a{${labels}}`]: 1 });
  assert.deepEqual(last("b"), { [`b{env="t", exported_env="own", instance="A", job="j"}`]: 2 });
  assert.deepEqual(
    sink.floats.get([...sink.floats.keys()].find((k) => k.startsWith("c{"))!)?.[0]?.slice(0, 2),
    [500, 3],
  );
  const about = (): unknown[] =>
    [
      "up",
      "scrape_samples_scraped",
      "scrape_samples_post_metric_relabeling",
      "scrape_series_added",
    ].map((name) => last(name)[`${name}{${labels}}`]);
  assert.deepEqual(about(), [1, 3, 3, 3]);
  assert.equal(sink.metadata.get("a"), "counter About a");
  assert.equal(scraper.status.health, "up");

  body = "a 2\n";
  await scrape();
  assert.deepEqual(Object.values(last("b")), ["stale"]);
  // A sample with a timestamp of its own does not become stale.
  assert.deepEqual(Object.values(last("c")), [3]);
  assert.deepEqual(about(), [1, 1, 1, 0]);

  body = "a{ 2\n";
  await scrape();
  assert.deepEqual(Object.values(last("a")), ["stale"]);
  assert.deepEqual(about(), [0, 0, 0, 0]);
  assert.match(scraper.status.lastError, /line 1/);

  body = "a 3\n";
  await scrape();
  assert.deepEqual(about(), [1, 1, 1, 1]);
  await scraper[Symbol.asyncDispose]();
  assert.deepEqual(Object.values(last("a")), ["stale"]);
  assert.deepEqual(Object.values(last("up")), ["stale"]);
});

test("TargetScraper gives exemplars without a timestamp that of their sample, once each", async () => {
  const exemplars = (first: string) =>
    `# TYPE a counter\na_total 1 # {trace_id="${first}"} 1\n# TYPE b counter\nb_total 1 # {trace_id="own"} 1 500\n# EOF\n`;
  let body = exemplars("x");
  await using server = await serve((_request, response) => {
    response.setHeader("Content-Type", "application/openmetrics-text; version=1.0.0");
    response.end(body);
  });
  const { scrape, sink } = bench(server.address);
  await scrape();
  await scrape();
  body = exemplars("y");
  await scrape();
  const name = [...sink.floats.keys()].find((key) => key.startsWith("a_total"))!;
  const [first, , third] = sink.floats.get(name)!.map(([timestampMs]) => timestampMs);
  const seen = sink.exemplars.flatMap((text, i) => {
    const [, trace, value] = /^a_total\{.*\} \{trace_id="(.*)"\} (.*)$/.exec(text) ?? [];
    return trace === undefined ? [] : [[trace, value, sink.exemplarTimes[i]]];
  });
  assert.deepEqual(seen, [
    ["x", "1", first],
    ["y", "1", third],
  ]);
  const own = sink.exemplarTimes.filter((_, i) => sink.exemplars[i]!.includes("own"));
  assert.deepEqual([...new Set(own)], [500_000]);
});

test("TargetScraper reads protobuf with native histograms as it reads text", async () => {
  const text =
    '# TYPE r_total counter\nr_total 5\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\n';
  const { families } = parseExposition(text, { format: "text" });
  await using server = await serve((_request, response) => {
    response.setHeader("Content-Type", PROTOBUF_CONTENT_TYPE);
    response.end(writeProtobufExposition(families));
  });
  const { scrape, last } = bench(server.address);
  await scrape();
  assert.deepEqual(Object.values(last("r_total")), [5]);
  assert.deepEqual(Object.values(last("h_bucket")), [2, 3]);
  assert.deepEqual(Object.values(last("h_count")), [3]);
});

test("TargetScraper keeps nothing of a scrape that goes over a limit or fails", async () => {
  let answer: Handler = (_request, response) => response.end('a{l="value"} 1\nb 2\n');
  await using server = await serve((request, response) => answer(request, response));
  const f = async (settings: Partial<ScrapeJobSettings>, error: RegExp): Promise<void> => {
    const { scrape, scraper, last } = bench(server.address, settings);
    await scrape();
    assert.match(scraper.status.lastError, error);
    assert.deepEqual([Object.values(last("up")), last("a"), last("b")], [[0], {}, {}]);
  };

  await f({ sampleLimit: 1 }, /sample limit/);
  await f({ labelLimit: 4 }, /label_limit/);
  await f({ labelNameLengthLimit: 4 }, /label_name_length_limit/);
  await f({ labelValueLengthLimit: 4 }, /label_value_length_limit/);
  await f({ bodySizeLimit: 10 }, /body size limit/);
  answer = (_request, response) => response.writeHead(500).end();
  await f({}, /500/);
  answer = () => {};
  await f({ timeoutMs: 100 }, /within 100 ms/);
  answer = (_request, response) => {
    const more = (): void => {
      while (response.write("# x".repeat(10_000))) continue;
    };
    response.on("drain", more);
    more();
  };
  await f({ bodySizeLimit: 1_000_000 }, /body size limit/);
  answer = (_request, response) => {
    response.writeHead(302, { Location: "http://169.254.169.254/latest/meta-data" }).end();
  };
  await f({}, /not asked/);
  answer = (request, response) => response.writeHead(302, { Location: request.url }).end();
  await f({}, /redirects/);
});

test("TargetScraper keeps what is known of a target when the store has no room for its new series", async () => {
  let body = "a 1\n";
  await using server = await serve((_request, response) => response.end(body));
  const { sink, registry, scraper, scrape, last } = bench(server.address);
  await scrape();
  for (const isFull of [true, "for long"] as const) {
    sink.isFull = isFull;
    body = isFull === true ? "a 2\nb 2\n" : "a 3\nb 3\n";
    await scrape();
    const key = 'a{env="t", instance="A", job="j"}';
    assert.deepEqual(last("[ab]"), { [key]: isFull === true ? 2 : 3 });
    assert.deepEqual(Object.values(last("up")), [1]);
    assert.equal(scraper.status.health, "up");
    assert.match(scraper.status.lastError, /no new series/);
  }
  const told = Buffer.concat(await registry.expose({ format: "text" })).toString();
  assert.match(told, /rejected_total\{receiver="scrape",reason="limit"\} 2\n/);
  sink.isFull = false;
  await scrape();
  assert.equal(Object.keys(last("[ab]")).length, 2);
  assert.equal(scraper.status.lastError, "");
});

test("TargetScraper sends credentials, keeps honored labels and relabels metrics", async () => {
  await using server = await serve((request, response) => {
    const [, pair = ""] = (request.headers.authorization ?? "").split(" ");
    response.end(`a{job="own",pair="${Buffer.from(pair, "base64").toString()}"} 1\ngo_x 1\n`);
  });
  const { scrape, last } = bench(server.address, {
    honorLabels: true,
    access: { basicAuth: { username: "u", password: "p" } },
    metricRelabel: [{ action: "drop", sourceLabels: ["__name__"], regex: "go_.*" }],
  });
  await scrape();
  assert.deepEqual(last("a"), { 'a{env="t", instance="A", job="own", pair="u:p"}': 1 });
  assert.deepEqual(last("go_x"), {});
});

test("isRefusedAddress() knows metadata services in every form", () => {
  for (const address of [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "100.100.100.200",
    "no address",
  ]) {
    assert.ok(isRefusedAddress(address), address);
  }
  for (const address of ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "8.8.8.8", "fd00::1"]) {
    assert.ok(!isRefusedAddress(address), address);
  }
});

test("targetOf() gives the URL and labels that Prometheus gives", () => {
  const f = (job: Partial<ScrapeJobSettings>, address: string): [string, string] => {
    const settings = { jobName: "j", ...job };
    const { target } = targetOf(settings, new Relabeling(job.relabel ?? []), address, {
      __meta_x: "1",
      l: "v",
    });
    return [target?.url ?? "", target?.labels.toString() ?? ""];
  };

  assert.deepEqual(f({}, "h:1"), ["http://h:1/metrics", '{instance="h:1", job="j", l="v"}']);
  assert.deepEqual(
    f({ scheme: "https", metricsPath: "/m?x=1", params: { q: ["a", "b"] } }, "h:1"),
    ["https://h:1/m?x=1&q=a&q=b", '{instance="h:1", job="j", l="v"}'],
  );
  assert.deepEqual(f({ relabel: [{ action: "drop", sourceLabels: ["l"], regex: "v" }] }, "h:1"), [
    "",
    "",
  ]);
  for (const wrong of ["", "h/path", "u@h", "h:x"]) {
    assert.throws(() => f({}, wrong), { code: "FLX_SCRAPE_TARGET" });
  }
});

test("discover() reads files and HTTP, and refuses what is no list of targets", async () => {
  const folder = await mkdtemp(join(tmpdir(), "flx-discovery-"));
  try {
    await writeFile(join(folder, "a.json"), '[{"targets":["a:1"],"labels":{"x":"y"}}]');
    await writeFile(join(folder, "b.yml"), "- targets: [b:1, b:2]\n");
    const groups = await discover({
      kind: "file",
      files: [join(folder, "*.json"), join(folder, "*.yml")],
    });
    assert.deepEqual(
      groups.map(({ targets }) => targets),
      [["a:1"], ["b:1", "b:2"]],
    );
    assert.equal(groups[0]?.labels?.["x"], "y");
    await writeFile(join(folder, "a.json"), '[{"targets":[1]}]');
    await assert.rejects(discover({ kind: "file", files: [join(folder, "*.json")] }), {
      code: "FLX_DISCOVERY",
    });
  } finally {
    await rm(folder, { recursive: true });
  }
  await using server = await serve((_request, response) => response.end('[{"targets":["c:1"]}]'));
  const url = `http://${server.address}/sd`;
  const [group] = await discover({ kind: "http", url });
  assert.deepEqual(group?.targets, ["c:1"]);
  assert.equal(group?.labels?.["__meta_url"], url);
});

test("ScrapeManager starts, keeps and stops targets as jobs and files change", async () => {
  await using server = await serve((_request, response) => response.end("a 1\n"));
  const { parts, sink } = bench("unused:1");
  await using manager = new ScrapeManager(parts);
  const folder = await mkdtemp(join(tmpdir(), "flx-targets-"));
  const file = join(folder, "t.json");
  try {
    await writeFile(file, JSON.stringify([{ targets: [server.address, "drop:1"] }]));
    const job = {
      jobName: "j",
      intervalMs: 50,
      relabel: [{ action: "drop", sourceLabels: ["__address__"], regex: "drop.*" }] as const,
      discoveries: [{ kind: "file", files: [file], refreshMs: 20 }] as const,
    };
    await manager.apply([job]);
    assert.equal(manager.activeTargets.length, 1);
    assert.equal(manager.droppedTargets.length, 1);
    await waitUntil(() => manager.activeTargets[0]?.health === "up");
    await assert.rejects(manager.apply([{ ...job, relabel: [{ regex: "(" }] }]), {
      code: "FLX_RELABEL",
    });
    assert.equal(manager.activeTargets.length, 1);
    await writeFile(file, "[]");
    await waitUntil(() => manager.activeTargets.length === 0);
    await manager.apply([]);
    assert.deepEqual(new Set(Object.values(sink.last())), new Set(["stale"]));
  } finally {
    await rm(folder, { recursive: true });
  }
});
