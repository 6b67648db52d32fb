// Hostile bytes, by parser: a table of what is sent and the status it must get, through the doors of a real station; and after
// each of them what was accepted before is there, and the next good request is taken.
//
//   bombs      64 MiB of zeros in a few KB: gzip, deflate, zstd; snappy that claims 2 GiB
//   lengths    a field, a string, a block that claims more than there is; varints without an end
//   sets       a series with too many labels; a name of a megabyte
//   scrapes    bodies that never end, lines that never end
//   sources    a million series from one (FLX_BOMB_SERIES), while another goes on; clocks that jump

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { encodeRemoteWrite, waitUntil } from "@flx/testkit";
import { StationProcess } from "../running-station.ts";

const MIB = 1024 * 1024;
const WAIT = { timeoutMs: 120_000, everyMs: 100 };
const SERIES = Number(process.env["FLX_BOMB_SERIES"] ?? 30_000);
/** Of one source; at most what it is when nobody says another: more would not leave others their memory. */
const LIMIT = Math.min(200_000, Math.floor(SERIES / 3));

let station: StationProcess;

before(async () => {
  station = await StationProcess.start({
    config: `limits: { body_size: 16MB, series_per_source: ${LIMIT} }\n`,
  });
});

after(() => station[Symbol.asyncDispose]());

const protobuf = { "content-type": "application/x-protobuf" };
const json = { "content-type": "application/json" };
const remote = { ...protobuf, "content-encoding": "snappy" };

async function send(
  url: string,
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; text: string }> {
  const bytes = typeof body === "string" ? body : Buffer.from(body);
  const response = await fetch(url, { method: "POST", body: bytes, headers });
  return { status: response.status, text: await response.text() };
}

function gaugeOf(name: string, value: number, timeMs = Date.now()): string {
  const gauge = { dataPoints: [{ timeUnixNano: `${timeMs}000000`, asDouble: value }] };
  return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, gauge }] }] }] });
}

async function lastOf(name: string): Promise<string | undefined> {
  const [found] = await station.query(`last_over_time(${name}[1h])`);
  return found?.[1];
}

/** A varint. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return [...bytes, left];
}

const zeros = Buffer.alloc(64 * MIB);
const otlp = (signal: string) => () => `${station.otlpHttp}/v1/${signal}`;
const write = () => `${station.url}/api/v1/write`;

const TABLE: readonly (readonly [
  what: string,
  url: () => string,
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>>,
  status: number,
])[] = [
  ...["metrics", "traces", "logs"].flatMap((signal) => {
    const url = otlp(signal);
    return [
      [
        `${signal}: gzip bomb`,
        url,
        gzipSync(zeros),
        { ...protobuf, "content-encoding": "gzip" },
        413,
      ],
      [
        `${signal}: deflate bomb`,
        url,
        deflateSync(zeros),
        { ...protobuf, "content-encoding": "deflate" },
        413,
      ],
      [
        `${signal}: zstd bomb`,
        url,
        zstdCompressSync(zeros),
        { ...protobuf, "content-encoding": "zstd" },
        413,
      ],
      [
        `${signal}: a bomb of JSON`,
        url,
        gzipSync(Buffer.alloc(64 * MIB, "[")),
        { ...json, "content-encoding": "gzip" },
        413,
      ],
      [
        `${signal}: gzip that breaks off`,
        url,
        gzipSync(Buffer.alloc(1_000)).subarray(0, 20),
        { ...protobuf, "content-encoding": "gzip" },
        400,
      ],
      [
        `${signal}: no gzip at all`,
        url,
        Buffer.alloc(100, 1),
        { ...protobuf, "content-encoding": "gzip" },
        400,
      ],
      [
        `${signal}: no zstd at all`,
        url,
        Buffer.alloc(100, 1),
        { ...protobuf, "content-encoding": "zstd" },
        400,
      ],
      [
        `${signal}: gzip in gzip`,
        url,
        gzipSync(gzipSync(Buffer.alloc(9))),
        { ...protobuf, "content-encoding": "gzip, gzip" },
        415,
      ],
      [`${signal}: more than may come`, url, Buffer.alloc(17 * MIB), protobuf, 413],
      [`${signal}: a length beyond the end`, url, Uint8Array.of(10, 100, 1), protobuf, 400],
      [
        `${signal}: a length of 2^63`,
        url,
        Uint8Array.of(10, 255, 255, 255, 255, 255, 255, 255, 255, 127),
        protobuf,
        400,
      ],
      [`${signal}: a varint without an end`, url, Buffer.alloc(64, 0xff), protobuf, 400],
      [`${signal}: a group that never ends`, url, Uint8Array.of(11, 11, 11), protobuf, 400],
      [`${signal}: half of JSON`, url, '{"resource', json, 400],
      [`${signal}: JSON of another kind`, url, "[1]", json, 400],
      [
        `${signal}: a number for a list`,
        url,
        `{"resource${signal === "traces" ? "Spans" : signal === "logs" ? "Logs" : "Metrics"}":7}`,
        json,
        400,
      ],
      [`${signal}: no text at all`, url, Buffer.alloc(100, 0xfe), json, 400],
    ] as const;
  }),
  ["snappy that claims 2 GiB", write, Uint8Array.of(...varint(2 ** 31), 0, 0), remote, 413],
  [
    "snappy that claims more than there is",
    write,
    Uint8Array.of(...varint(1_000), 0, 0),
    remote,
    400,
  ],
  [
    "snappy that copies from before its start",
    write,
    Uint8Array.of(...varint(100), 0xfe, 0xff, 0xff),
    remote,
    400,
  ],
  ["no snappy at all", write, Buffer.alloc(100, 0xff), remote, 400],
  ["remote write of zeros", write, Buffer.alloc(1_000), remote, 400],
  [
    "remote write in gzip that is a bomb",
    write,
    gzipSync(zeros),
    { ...protobuf, "content-encoding": "gzip" },
    413,
  ],
];

test("hostile bytes get the right status, and nothing that was accepted is lost", async (t) => {
  let round = 0;
  for (const [what, url, body, headers, status] of TABLE) {
    round++;
    const taken = await send(otlp("metrics")(), gaugeOf("before", round), json);
    assert.equal(taken.status, 200);
    const answer = await send(url(), body, headers);
    assert.equal(answer.status, status, `${what}: ${answer.text.slice(0, 200)}`);
    assert.ok(answer.text.length < 1_000, `${what}: a short answer`);
  }
  assert.equal(await lastOf("before"), String(round));
  const [[, count] = []] = await station.query("count_over_time(before[1h])");
  assert.equal(Number(count), round, "each good one of them, once");
  t.diagnostic(`${round} rows`);
});

test("huge label sets and names are refused, with the limit they meet", async () => {
  const series = (labels: string[]) => ({
    labels,
    timestamps: [Date.now()],
    values: Float64Array.of(1),
  });
  const many = Array.from({ length: 20_000 }, (_, i) => [
    `l${String(i).padStart(5, "0")}`,
    "x",
  ]).flat();
  const long = "n".repeat(4 * MIB);
  const bodies = [
    encodeRemoteWrite([series(["__name__", "many", ...many])]),
    encodeRemoteWrite([series(["__name__", "long", "a", long])]),
    encodeRemoteWrite([series(["__name__", long])]),
  ];
  for (const body of bodies) {
    const { status, text } = await send(write(), body, remote);
    assert.equal(status, 400, text.slice(0, 200));
    // A request that names its limit, and not what stood in it.
    assert.match(text, /max[A-Z]\w+ = \d+|\d+ refused/);
    assert.ok(text.length < 2_000, "a short answer");
  }
  const wide = (count: number): Promise<{ status: number; text: string }> => {
    const attributes = Array.from({ length: count }, (_, i) => ({
      key: `a${i}`,
      value: { stringValue: "x" },
    }));
    const point = { timeUnixNano: `${Date.now()}000000`, asDouble: 1 };
    const metrics = [
      { name: "wide", gauge: { dataPoints: [{ ...point, attributes }] } },
      { name: "kept_d", gauge: { dataPoints: [point] } },
    ];
    const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
    return send(otlp("metrics")(), body, json);
  };
  const { status, text } = await wide(20_000);
  assert.deepEqual([status, /maxAttributes = 1024/.test(text)], [400, true], "none of it is read");
  const partly = await wide(500);
  assert.equal(partly.status, 200);
  assert.match(partly.text, /"rejectedDataPoints":"1".*maxLabels/);
  assert.equal(await lastOf("kept_d"), "1");
});

test("scrape bodies that never end, and lines that never end, fail their own target alone", async (t) => {
  const server = createServer((request, response) => {
    const piece = request.url === "/lines" ? "a 1\n".repeat(10_000) : "a".repeat(40_000);
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once("drain", more);
    };
    if (request.url === "/good") response.end("scraped 1\n");
    else if (request.url === "/drip") {
      const timer = setInterval(() => response.write("a"), 50);
      response.once("close", () => clearInterval(timer));
    } else if (request.url === "/gzip") {
      response.setHeader("content-encoding", "gzip");
      response.end(gzipSync(zeros));
    } else more();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const job = (name: string): string =>
    `  - { job_name: ${name}, metrics_path: /${name}, body_size_limit: 4MB, static_configs: [{ targets: ["127.0.0.1:${port}"] }] }\n`;
  await using scraping = await StationProcess.start({
    config: `global: { scrape_interval: 2s, scrape_timeout: 2s }
scrape_configs:
${["lines", "line", "drip", "gzip", "good"].map(job).join("")}`,
  });
  const ups = async (): Promise<string> => {
    const found = await scraping.query('up{job!="flx"}');
    return found
      .map(([labels, value]) => `${(JSON.parse(labels) as { job: string }).job} ${value}`)
      .toSorted()
      .join();
  };
  await waitUntil(async () => (await ups()) === "drip 0,good 1,gzip 0,line 0,lines 0", {
    ...WAIT,
    what: "every job to have been scraped",
  });
});

test("a cardinality bomb meets the limit of its own source; others go on", async (t) => {
  const bomb = async (): Promise<{ rejected: number; sent: number }> => {
    let [rejected, sent] = [0, 0];
    for (let first = 0; first < SERIES; first += 5_000) {
      const dataPoints = Array.from({ length: Math.min(5_000, SERIES - first) }, (_, i) => ({
        timeUnixNano: `${Date.now()}000000`,
        asDouble: 1,
        attributes: [{ key: "id", value: { stringValue: `${first + i}` } }],
      }));
      const resource = { attributes: [{ key: "service.name", value: { stringValue: "bomb" } }] };
      const body = {
        resourceMetrics: [
          { resource, scopeMetrics: [{ metrics: [{ name: "bomb", gauge: { dataPoints } }] }] },
        ],
      };
      const { status, text } = await send(otlp("metrics")(), JSON.stringify(body), json);
      assert.equal(status, 200, text.slice(0, 200));
      rejected += Number(/"rejectedDataPoints":"(\d+)"/.exec(text)?.[1] ?? 0);
      sent += dataPoints.length;
    }
    return { rejected, sent };
  };
  const { rejected, sent } = await bomb();
  t.diagnostic(`${sent} series sent, ${rejected} refused, the limit is ${LIMIT}`);
  assert.ok(rejected >= sent - LIMIT, "the limit bites");
  // A million take longer than a sample without a range is looked for.
  const [[, held] = []] = await station.query("count(last_over_time(bomb[1h]))");
  assert.ok(Number(held) <= LIMIT && Number(held) > LIMIT * 0.9, `${held} held`);
  // Another way in is another source, and is taken with a new series.
  const body = encodeRemoteWrite([
    { labels: ["__name__", "unaffected"], timestamps: [Date.now()], values: Float64Array.of(7) },
  ]);
  const other = await send(write(), body, remote);
  assert.equal(other.status, 204, other.text);
  assert.equal(await lastOf("unaffected"), "7");
  assert.equal((await station.query('up{job="flx"}'))[0]?.[1], "1", "it goes on watching itself");
  const known = await send(otlp("metrics")(), gaugeOf("before", 1), json);
  assert.equal(known.text, "{}", "and the source goes on with the series it has");
});
