// The text formats against the programs that read and write them.
//
//   ours, written    -> promtool check metrics, a scraping Prometheus, its HTTP API
//   theirs, written  -> our reader: Prometheus, node exporter, Alertmanager, VictoriaMetrics
//   damaged texts    -> both readers: the same answer, or a difference that is listed below with its reason
//
// Debian's Prometheus 2.42 is older than names in quotes, so those stand in a case of their own.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import {
  ClassicHistogram,
  type ExpositionFormat,
  expositionFormat,
  ExpositionLineParser,
  type ExpositionProblem,
  Labels,
  type MetricFamily,
  OPENMETRICS_CONTENT_TYPE,
  parseExposition,
  TEXT_CONTENT_TYPE,
  type UnixMs,
  writeExposition,
} from "@flx/model";
import {
  httpGet,
  requirePeer,
  startAlertmanager,
  startNodeExporter,
  startPrometheus,
  startVictoriaMetrics,
  waitUntil,
  seededRandom,
} from "@flx/testkit";

const labels = (record: Record<string, string>): Labels => Labels.from(record);
const awkward = 'C:\\DIR\\"FILE"\nnext, {x="y"} ü 😀';
const histogram = ClassicHistogram.from({
  upperBounds: [0.005, 1, 1_000_000],
  cumulativeCounts: [1, 2, 3, 5],
  sum: 1_000_012.25,
});

/** Every type, escapes, what is no number, created times, exemplars; names that promtool's linter likes. */
function richFamilies(now: UnixMs): MetricFamily[] {
  const exemplar = { labels: labels({ trace_id: "4bf92f35" }), value: 0.75, timestampMs: now };
  return [
    {
      name: "shop_orders",
      type: "counter",
      help: 'Orders placed, with \\ and "quotes"\nand a second line.',
      points: [
        {
          labels: labels({ country: "DE", note: awkward }),
          value: { total: 5, createdMs: now, exemplar },
        },
        { labels: labels({ country: "FR" }), value: { total: 1e300 } },
      ],
    },
    {
      name: "shop_temperature_celsius",
      type: "gauge",
      unit: "celsius",
      help: "Temperature.",
      points: [
        [-0.5, "below"],
        [Number.NaN, "nan"],
        [Infinity, "high"],
        [-Infinity, "low"],
        [5e-324, "tiny"],
        [-0, "zero"],
        [9_007_199_254_740_991, "large"],
      ].map(([value, place]) => ({
        labels: labels({ place: String(place) }),
        value: Number(value),
      })),
    },
    {
      name: "shop_age_seconds",
      type: "gauge",
      help: "A value with a time of its own.",
      points: [{ labels: Labels.empty, value: 3, timestampMs: now }],
    },
    {
      name: "shop_wait_seconds",
      type: "histogram",
      unit: "seconds",
      help: "Waiting time.",
      points: [
        {
          labels: labels({ queue: "a" }),
          value: { histogram, createdMs: now, exemplars: new Map([[1, exemplar]]) },
        },
      ],
    },
    {
      name: "shop_waiting_seconds",
      type: "gaugehistogram",
      help: "Ages of what waits now.",
      points: [{ labels: Labels.empty, value: { histogram } }],
    },
    {
      name: "shop_size_bytes",
      type: "summary",
      help: "Sizes.",
      points: [
        {
          labels: Labels.empty,
          value: {
            quantiles: [
              { quantile: 0.5, value: 3 },
              { quantile: 1, value: Number.NaN },
            ],
            sum: 7,
            count: 2,
          },
        },
      ],
    },
    {
      name: "shop_build",
      type: "info",
      help: "Build.",
      points: [{ labels: labels({ version: "1.4.0" }), value: 1 }],
    },
    {
      name: "shop_state",
      type: "stateset",
      help: "State.",
      points: [
        {
          labels: labels({ shard: "1" }),
          value: new Map([
            ["open", true],
            ["shut", false],
          ]),
        },
      ],
    },
    {
      name: "shop_other",
      type: "unknown",
      help: "Something.",
      points: [{ labels: Labels.empty, value: 42 }],
    },
  ];
}

interface Verdict {
  /** 0: right; 3: right, with style notes; 1: refused. */
  readonly code: number | null;
  readonly output: string;
}

async function promtool(text: string): Promise<Verdict> {
  const child = spawn("promtool", ["check", "metrics"], { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (output += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (output += part));
  // A process that refuses early closes its input.
  child.stdin.on("error", () => {});
  child.stdin.end(text);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

/** Series text in one form for both sides, with its value. */
function samplesOf(text: string, format: ExpositionFormat): Map<string, number> {
  const samples = new Map<string, number>();
  const parser = new ExpositionLineParser<string>(
    {
      find: () => undefined,
      open: (_text, name, set) => set.with("__name__", name).toString(),
      sample: (series, value) => samples.set(series, value),
    },
    { format },
  );
  parser.push(new TextEncoder().encode(text));
  parser.end();
  assert.deepEqual(parser.problems, []);
  return samples;
}

test("writeExposition() passes promtool check metrics, 0.0.4, all types", async (t) => {
  if (requirePeer(t, "promtool") === undefined) return;
  const text = writeExposition(richFamilies(Date.now() as UnixMs), { format: "text" });
  assert.deepEqual(await promtool(text), { code: 0, output: "" });
});

test("names in quotes are beyond promtool 2.42, which says so", async (t) => {
  const tool = requirePeer(t, "promtool");
  if (tool === undefined) return;
  const text = writeExposition(
    [{ name: "my.metric", type: "gauge", help: "x", points: [{ labels: Labels.empty, value: 1 }] }],
    { format: "text" },
  );
  const { code, output } = await promtool(text);
  if (tool.version.startsWith("2.")) {
    assert.equal(code, 1);
    assert.match(output, /invalid metric name/);
  } else {
    assert.notEqual(code, 1, output);
  }
});

/** Serves one text at each path. */
async function serve(
  pages: Readonly<Record<string, { readonly type: string; readonly body: string }>>,
): Promise<{ readonly server: Server; readonly address: string }> {
  const server = createServer((request, response) => {
    const page = pages[request.url ?? ""];
    response.setHeader("content-type", page?.type ?? "text/plain");
    response.statusCode = page === undefined ? 404 : 200;
    response.end(page?.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

interface Queried {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

async function query(url: string, promql: string): Promise<Queried["data"]["result"]> {
  const { body } = await httpGet(`${url}/api/v1/query?query=${encodeURIComponent(promql)}`);
  return (JSON.parse(body) as Queried).data.result;
}

test("Prometheus scrapes both formats and gives back what was written", async (t) => {
  if (requirePeer(t, "prometheus") === undefined) return;
  const families = richFamilies(Date.now() as UnixMs);
  const texts = {
    text: writeExposition(families, { format: "text" }),
    openmetrics: writeExposition(families, { format: "openmetrics" }),
  };
  const { server, address } = await serve({
    "/text": { type: TEXT_CONTENT_TYPE, body: texts.text },
    "/openmetrics": { type: OPENMETRICS_CONTENT_TYPE, body: texts.openmetrics },
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const job = (format: ExpositionFormat): string =>
    `{ job_name: ${format}, metrics_path: /${format}, static_configs: [{ targets: ["${address}"] }] }`;
  await using prometheus = await startPrometheus({
    config: `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [${job("text")}, ${job("openmetrics")}]
`,
    args: ["--enable-feature=exemplar-storage"],
  });
  const { url } = prometheus;

  await waitUntil(async () => (await query(url, "up")).length === 2, {
    what: "two targets to be scraped",
    timeoutMs: 60_000,
  });
  const targets = (await httpGet(`${url}/api/v1/targets`)).body;
  for (const { metric, value } of await query(url, "up")) {
    assert.equal(value[1], "1", `${metric["job"]}: ${targets}`);
  }

  for (const format of ["text", "openmetrics"] as const) {
    const want = samplesOf(texts[format], format);
    const got = new Map<string, number>();
    for (const { metric, value } of await query(url, `{job="${format}",__name__=~"shop_.*"}`)) {
      const series = Labels.from(metric).without("job", "instance").toString();
      got.set(series, value[1] === "+Inf" ? Infinity : Number(value[1].replace("Inf", "Infinity")));
    }
    const sorted = (samples: Map<string, number>): [string, number][] =>
      [...samples].toSorted(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(sorted(got), sorted(want), format);
  }

  const exemplars = await httpGet(
    `${url}/api/v1/query_exemplars?query=${encodeURIComponent('{__name__=~"shop_.+"}')}` +
      `&start=${Date.now() / 1000 - 600}&end=${Date.now() / 1000 + 600}`,
  );
  const found = (
    JSON.parse(exemplars.body) as {
      data: {
        seriesLabels: Record<string, string>;
        exemplars: { labels: object; value: string }[];
      }[];
    }
  ).data;
  assert.deepEqual(
    found.map(({ seriesLabels, exemplars: [first] }) => [
      seriesLabels["__name__"],
      first?.labels,
      first?.value,
    ]),
    [
      ["shop_orders_total", { trace_id: "4bf92f35" }, "0.75"],
      ["shop_wait_seconds_bucket", { trace_id: "4bf92f35" }, "0.75"],
    ],
  );
});

/** One GET with an Accept header, over a connection of its own. */
async function fetchMetrics(
  url: string,
  accept: string,
): Promise<{ readonly body: Buffer; readonly type: string }> {
  const request = get(url, { agent: false, headers: { accept } });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { body: Buffer.concat(chunks), type: response.headers["content-type"] ?? "" };
}

/** Sample lines, counted without a parser. */
function countSamples(body: Buffer): number {
  return body
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#")).length;
}

const exposers = {
  prometheus: startPrometheus,
  "node-exporter": startNodeExporter,
  alertmanager: startAlertmanager,
  "victoria-metrics": startVictoriaMetrics,
} as const;

for (const [name, start] of Object.entries(exposers)) {
  test(`parseExposition() reads /metrics of ${name} without a problem`, async (t) => {
    if (requirePeer(t, name as keyof typeof exposers) === undefined) return;
    await using server = await start();
    for (const accept of ["text/plain", OPENMETRICS_CONTENT_TYPE]) {
      const { body, type } = await fetchMetrics(`${server.url}/metrics`, accept);
      const format = expositionFormat(type);
      assert.ok(format !== undefined, type);
      const { families, problems } = parseExposition(body, { format });
      assert.deepEqual(
        problems.filter((problem) => !isKnownOfGo(problem, format)),
        [],
      );
      assert.ok(families.length > 50, `${families.length} families`);

      const lines = new ExpositionLineParser<true>(
        { find: () => undefined, open: () => true, sample: () => {} },
        { format },
      );
      lines.push(body);
      lines.end();
      assert.deepEqual(lines.problems, []);
      assert.equal(lines.samples, countSamples(body));
    }
  });
}

/**
 * Prometheus' Go library takes `_total` off counters for OpenMetrics and does not look whether a gauge has that name
 * already: go_memstats_alloc_bytes is both. That is no OpenMetrics, and the second one is refused.
 */
function isKnownOfGo({ code, reason }: ExpositionProblem, format: ExpositionFormat): boolean {
  return (
    format === "openmetrics" &&
    /go_memstats_alloc_bytes\b|go_memstats_alloc_bytes_total/.test(reason) &&
    ["FLX_EXPOSITION_METADATA", "FLX_EXPOSITION_SAMPLE", "FLX_EXPOSITION_CLASH"].includes(code)
  );
}

/** A difference between the two readers, and why it is right to differ. */
interface Difference {
  readonly why: string;
  readonly accepts: "ours" | "promtool";
  /** A text that shows it. */
  readonly example: string;
  readonly applies: (text: string, problems: readonly ExpositionProblem[]) => boolean;
}

const onlyCodes =
  (...codes: readonly string[]) =>
  (_text: string, problems: readonly ExpositionProblem[]): boolean =>
    problems.every(({ code }) => codes.includes(code.replace("FLX_EXPOSITION_", "")));

const differences: readonly Difference[] = [
  {
    why: "trailing blanks: the specification ignores them, and so does a scraping Prometheus",
    accepts: "ours",
    example: "a 1 \nb 1 5\t\n# TYPE c gauge \n",
    applies: (text) => /[ \t]$/m.test(text),
  },
  {
    why: "names in quotes came after promtool 2.42",
    accepts: "ours",
    example: '{"a.b"} 1\n',
    applies: (text) => /[{,] *"|# *(TYPE|HELP) +"/.test(text),
  },
  {
    why: "values that make no histogram, summary or counter; promtool's reader looks at each line alone",
    accepts: "promtool",
    example: '# TYPE a histogram\na_bucket{le="1"} 1\n# TYPE b counter\nb -1\n',
    applies: (_text, problems) =>
      problems.every(
        ({ code, reason }) =>
          /HISTOGRAM|SUMMARY|DUPLICATE|SAMPLE$/.test(code) ||
          /^a counter is never|is reserved in a/.test(reason),
      ),
  },
  {
    why: "the same series twice; promtool's reader leaves that to others",
    accepts: "promtool",
    example: "a 1\na 2\n",
    applies: onlyCodes("DUPLICATE", "HISTOGRAM", "SUMMARY"),
  },
  {
    why: "HELP after the samples; the specification wants it first",
    accepts: "promtool",
    example: "a 1\n# HELP a b\n",
    applies: onlyCodes("METADATA"),
  },
  {
    why: "a TYPE line without a type, or in capitals; a scraping Prometheus refuses both",
    accepts: "promtool",
    example: "# TYPE a\n# TYPE b GAUGE\n",
    applies: onlyCodes("METADATA"),
  },
  {
    why: "a value right after the name: it would read `temp.5 12` as 0.5 at 12 ms, not as a wrong name",
    accepts: "promtool",
    example: "a+1\nb.5\n",
    applies: (_text, problems) =>
      problems.every(({ reason }) => /^"[-+.]" cannot stand in a metric name/.test(reason)),
  },
  {
    why: "a timestamp beyond 2^53 ms, which a double cannot hold",
    accepts: "promtool",
    example: "a 1 9007199254740993\n",
    applies: onlyCodes("TIMESTAMP"),
  },
];

const seeds: readonly string[] = [
  '# HELP a_total b \\\\ \\n c\n# TYPE a_total counter\na_total{b="c",d="e\\"\\\\\\n"} 5 1395066363000\n',
  "a 1\nb -1.5e-3\nc NaN\nd +Inf\n",
  '# TYPE h histogram\nh_bucket{a="b",le="0.5"} 1\nh_bucket{a="b",le="+Inf"} 2\nh_sum{a="b"} 3\nh_count{a="b"} 2\n',
  '# TYPE s summary\ns{quantile="0.5"} 1\ns{quantile="0.9"} 2\ns_sum 3\ns_count 2\n',
  '\n# a comment\n  a { b = "c" , } 1\n\t# TYPE d untyped\nd 0\n',
];
const pieces = [
  ...Array.from('"\\{}=,# \t\n0159.eE+-_:ax'),
  "NaN",
  "Inf",
  "\r",
  "# TYPE a gauge\n",
  "le",
  "_total",
  "ü",
  "\\n",
  "0x1",
  "p4",
];

/** Right texts with one or two places cut, replaced or filled. */
function damagedTexts(count: number): string[] {
  const next = seededRandom(20_260_101);
  const below = (n: number): number => Math.floor(next() * n);
  return Array.from({ length: count }, () => {
    let text = seeds[below(seeds.length)]!;
    for (let damage = below(3); damage > 0; damage--) {
      const at = below(text.length + 1);
      const piece = next() < 0.3 ? "" : pieces[below(pieces.length)]!;
      text = text.slice(0, at) + piece + text.slice(at + below(3));
    }
    return text;
  });
}

/** The cases of the model's own tests, as plain texts. */
async function caseTexts(): Promise<string[]> {
  const folder = new URL("../packages/model/testdata/exposition/", import.meta.url);
  const files = ["accepted-text.cases", "refused-text.cases"].map((name) =>
    readFile(new URL(name, folder), "utf8"),
  );
  return (await Promise.all(files)).flatMap((file) =>
    file
      .split(/^=== .*\n/m)
      .slice(1)
      .map((part) => part.replace(/^(-> .*\n)+/, "")),
  );
}

test("parseExposition() accepts what promtool accepts, but for the listed differences", async (t) => {
  if (requirePeer(t, "promtool") === undefined) return;
  const generated = [...damagedTexts(300), ...(await caseTexts())];
  const texts = [...generated, ...differences.map(({ example }) => example)];
  const used = new Map<string, number>();
  const agreed = { accepted: 0, refused: 0 };
  const unexplained: string[] = [];

  const judge = async (text: string): Promise<void> => {
    const { code, output } = await promtool(text);
    assert.ok(code === 0 || code === 1 || code === 3, output);
    const { problems } = parseExposition(text, { format: "text" });
    const ours = problems.length === 0;
    if (ours === (code !== 1)) {
      agreed[ours ? "accepted" : "refused"]++;
      return;
    }
    const side = ours ? "ours" : "promtool";
    const known = differences.filter((d) => d.accepts === side && d.applies(text, problems));
    for (const { why } of known) used.set(why, (used.get(why) ?? 0) + 1);
    if (known.length === 0) {
      unexplained.push(
        `only ${side}: ${JSON.stringify(text)} ${output} ${JSON.stringify(problems)}`,
      );
    }
  };
  // Three at a time: most of the time is the start of a process.
  const queue = texts.values();
  await Promise.all(
    Array.from({ length: 3 }, async () => {
      for (const text of queue) await judge(text);
    }),
  );

  assert.deepEqual(unexplained, []);
  for (const { why } of differences) assert.ok(used.has(why), `no longer a difference: ${why}`);
  assert.ok(agreed.accepted > 60 && agreed.refused > 60, JSON.stringify(agreed));
  t.diagnostic(`${texts.length} texts: agreed ${JSON.stringify(agreed)}`);
  for (const [why, count] of used) t.diagnostic(`${count} times: ${why}`);
});
