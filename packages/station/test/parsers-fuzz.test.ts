// Every parser that reads what strangers send, fed with damaged examples of what it reads: it gives a value or throws an error with
// a code of ours, and nothing else; no crash, no other error, no stack that runs out, no input that takes for ever.
//
//   seeds ── flip, cut, double, splice, nest ──► parser ──► a value | FlxError
//
// Short here; long: FLX_FUZZ_RUNS=1000000 (of each target). The seed of a run is told when it fails: FLX_FUZZ_SEED repeats it.
// PromQL has its own, with a grammar: packages/promql/test/parser-fuzz.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkRecords,
  FlxError,
  otlpFromJson,
  parseDuration,
  readMetricsRequest,
  readSnappy,
  readWriteRequest,
  readWriteRequestV2,
  writeSnappy,
} from "@flx/model";
import { parseSelector } from "@flx/promql";
import { encodeRemoteWrite } from "@flx/testkit";
import { readConfig } from "../src/config/load-config.ts";
import { findExceptions } from "../src/diagnose/find-exceptions.ts";
import { readExposed } from "../src/ingest/scrape/exposed.ts";
import { ruleFileShape } from "../src/rules/rule-files.ts";
import { stationShape } from "../src/station-config.ts";

const RUNS = Number(process.env["FLX_FUZZ_RUNS"] ?? 1_500);
const SEED = Number(process.env["FLX_FUZZ_SEED"] ?? 1 + Math.floor(Math.random() * 2 ** 31));

/** A generator of numbers below a bound, the same for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

type Random = (below: number) => number;

const SIGNS = Buffer.from("{}[]()\":,\\'\n\0=#*&!|<>%@`~-0123456789eE+._/ ");

/** One damage. */
function damaged(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  const at = random(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + random(20));
  switch (random(9)) {
    case 0: {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[random(copy.length)]! ^= 1 << random(8);
      return copy;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 4: {
      const other = others[random(others.length)]!;
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length + 1))]);
    }
    case 5:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(Array.from({ length: 1 + random(12) }, () => random(256))),
        bytes.subarray(at),
      ]);
    case 6: {
      const sign = SIGNS.subarray(random(SIGNS.length)).subarray(0, 1);
      return Buffer.concat([bytes.subarray(0, at), sign, bytes.subarray(at)]);
    }
    case 7: {
      // A piece again and again: what nests, nests.
      const piece = bytes.subarray(at, to);
      const many = Buffer.concat(Array.from({ length: 1 + random(400) }, () => piece));
      return Buffer.concat([bytes.subarray(0, at), many, bytes.subarray(to)]);
    }
    default: {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[random(copy.length)] = [0, 1, 0x7f, 0x80, 0xff][random(5)]!;
      return copy;
    }
  }
}

const text = (...parts: string[]): Buffer => Buffer.from(parts.join("\n"));
const limits = {};

const attributes = [
  { key: "service.name", value: { stringValue: "shop" } },
  {
    key: "deep",
    value: {
      kvlistValue: {
        values: [
          {
            key: "a",
            value: { arrayValue: { values: [{ intValue: "1" }, { bytesValue: "AAE=" }] } },
          },
        ],
      },
    },
  },
];
const at = "1767225600000000000";
const exemplars = [
  {
    timeUnixNano: at,
    asDouble: 1,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
  },
];
const METRICS = {
  resourceMetrics: [
    {
      resource: { attributes },
      scopeMetrics: [
        {
          scope: { name: "s", attributes },
          metrics: [
            {
              name: "g",
              unit: "By",
              description: "d",
              gauge: { dataPoints: [{ timeUnixNano: at, asDouble: 1.5, attributes, exemplars }] },
            },
            {
              name: "s",
              sum: {
                aggregationTemporality: 2,
                isMonotonic: true,
                dataPoints: [{ startTimeUnixNano: at, timeUnixNano: at, asInt: "7", attributes }],
              },
            },
            {
              name: "h",
              histogram: {
                aggregationTemporality: 1,
                dataPoints: [
                  {
                    timeUnixNano: at,
                    count: "3",
                    sum: 4,
                    bucketCounts: ["1", "2"],
                    explicitBounds: [1],
                    exemplars,
                  },
                ],
              },
            },
            {
              name: "e",
              exponentialHistogram: {
                aggregationTemporality: 2,
                dataPoints: [
                  {
                    timeUnixNano: at,
                    count: "3",
                    sum: 4,
                    scale: 3,
                    zeroCount: "1",
                    positive: { offset: -2, bucketCounts: ["1", "1"] },
                    negative: { offset: 1, bucketCounts: ["1"] },
                  },
                ],
              },
            },
            {
              name: "q",
              summary: {
                dataPoints: [
                  {
                    timeUnixNano: at,
                    count: "3",
                    sum: 4,
                    quantileValues: [{ quantile: 0.5, value: 1 }],
                  },
                ],
              },
            },
          ],
        },
      ],
    },
  ],
};
const TRACES = {
  resourceSpans: [
    {
      resource: { attributes },
      scopeSpans: [
        {
          spans: [
            {
              traceId: "0af7651916cd43dd8448eb211c80319c",
              spanId: "b7ad6b7169203331",
              parentSpanId: "b7ad6b7169203332",
              name: "n",
              kind: 2,
              startTimeUnixNano: at,
              endTimeUnixNano: at,
              attributes,
              status: { code: 2, message: "m" },
              links: [
                {
                  traceId: "0af7651916cd43dd8448eb211c80319c",
                  spanId: "b7ad6b7169203331",
                  attributes,
                },
              ],
              events: [
                {
                  name: "exception",
                  timeUnixNano: at,
                  attributes: [
                    { key: "exception.type", value: { stringValue: "RangeError" } },
                    { key: "exception.message", value: { stringValue: "too far" } },
                    {
                      key: "exception.stacktrace",
                      value: {
                        stringValue:
                          "RangeError: too far\n    at f (/app/a.js:1:2)\n    at async g (file:///b.mjs:3:4)",
                      },
                    },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
  ],
};
const LOGS = {
  resourceLogs: [
    {
      resource: { attributes },
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: at,
              observedTimeUnixNano: at,
              severityNumber: 17,
              severityText: "ERROR",
              body: { stringValue: "b" },
              attributes: [
                ...attributes,
                { key: "exception.type", value: { stringValue: "KeyError" } },
                {
                  key: "exception.stacktrace",
                  value: {
                    stringValue:
                      'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\nKeyError: x',
                  },
                },
              ],
              traceId: "0af7651916cd43dd8448eb211c80319c",
              spanId: "b7ad6b7169203331",
            },
          ],
        },
      ],
    },
  ],
};
const REQUESTS = { metrics: METRICS, traces: TRACES, logs: LOGS } as const;
type Signal = keyof typeof REQUESTS;
const SIGNALS = ["metrics", "traces", "logs"] as const;
const jsonOf = (signal: Signal): Buffer => Buffer.from(JSON.stringify(REQUESTS[signal]));
const protobufOf = (signal: Signal): Buffer => Buffer.from(otlpFromJson(signal, jsonOf(signal)));

const EXPOSED = text(
  "# HELP a_total Help \\\\ of \\n it",
  "# TYPE a_total counter",
  'a_total{b="c\\"d",e="f"} 1.5 1767225600000',
  "# TYPE h histogram",
  'h_bucket{le="1"} 1',
  'h_bucket{le="+Inf"} 2',
  "h_sum 3",
  "h_count 2",
  '{"a.b","c d"="e"} NaN',
  "g -Inf",
  "# EOF",
);
const OPEN = text(
  "# TYPE a counter",
  "# UNIT a seconds",
  'a_total{b="c"} 1 1767225600.5 # {trace_id="x"} 0.5 1767225600',
  "a_created 1",
  "# TYPE i info",
  'i_info{a="b"} 1',
  "# TYPE s stateset",
  's{s="a"} 1',
  "# EOF",
  "",
);
const REMOTE = encodeRemoteWrite([
  { labels: ["__name__", "a", "b", "c"], timestamps: [1, 2], values: Float64Array.of(1, 2) },
]);
const CONFIG = text(
  "global: { scrape_interval: 15s, external_labels: { a: b } }",
  "scrape_configs:",
  "  - job_name: a",
  "    static_configs: [{ targets: ['a:1'] }]",
  "    basic_auth: { username: a, password: b }",
  "    relabel_configs: [{ source_labels: [a], regex: '(.*)', target_label: b, action: replace }]",
  "access: { users: [{ name: a, roles: [read], token: 0123456789abcdef }] }",
  "limits: { body_size: 1MB, connections: 5 }",
  "x: &a [1]",
  "y: *a",
);
const RULES = text(
  "groups:",
  "  - name: a",
  "    interval: 1m",
  "    rules:",
  "      - { record: 'a:b', expr: 'sum(rate(a[5m]))', labels: { a: b } }",
);

interface Target {
  readonly name: string;
  /** Of how many runs it has one: what takes long has fewer. */
  readonly oneOf?: number;
  readonly seeds: readonly Buffer[];
  readonly read: (bytes: Buffer) => unknown;
}

const exposed = (contentType: string) => (body: Buffer) =>
  readExposed({ contentType, body }, limits);

const TARGETS: readonly Target[] = [
  { name: "text exposition", seeds: [EXPOSED, OPEN], read: exposed("text/plain; version=0.0.4") },
  {
    name: "OpenMetrics",
    seeds: [OPEN, EXPOSED],
    read: exposed("application/openmetrics-text; version=1.0.0"),
  },
  {
    name: "protobuf exposition",
    seeds: [
      Buffer.of(20, 10, 1, 97, 24, 0, 34, 13, 10, 6, 10, 1, 98, 18, 1, 99, 26, 3, 9, 0, 0),
      protobufOf("metrics"),
    ],
    read: exposed(
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
    ),
  },
  {
    name: "remote write 1.0",
    seeds: [Buffer.from(readSnappy(REMOTE, 1e6))],
    read: (bytes) => readWriteRequest(bytes, {}),
  },
  {
    name: "remote write 2.0",
    seeds: [Buffer.from(readSnappy(REMOTE, 1e6)), protobufOf("metrics")],
    read: (bytes) => readWriteRequestV2(bytes, {}),
  },
  {
    name: "snappy",
    seeds: [Buffer.from(REMOTE), Buffer.from(writeSnappy(Buffer.alloc(9_000, "abcd")))],
    read: (bytes) => readSnappy(bytes, 1_000_000),
  },
  ...SIGNALS.map((signal): Target => ({
    name: `OTLP JSON, ${signal}`,
    seeds: [jsonOf(signal), jsonOf("traces")],
    read: (bytes) => otlpFromJson(signal, bytes),
  })),
  {
    name: "OTLP metrics",
    seeds: [protobufOf("metrics")],
    read: (bytes) => readMetricsRequest(bytes),
  },
  ...(["traces", "logs"] as const).flatMap((signal): Target[] => [
    {
      name: `OTLP ${signal}`,
      seeds: [protobufOf(signal)],
      read: (bytes) => checkRecords(signal, bytes),
    },
    {
      name: `errors in ${signal}`,
      seeds: [protobufOf(signal)],
      // It reads what was checked.
      read: (bytes) => {
        checkRecords(signal, bytes);
        return findExceptions(signal, bytes, 0);
      },
    },
  ]),
  {
    name: "configuration",
    oneOf: 10,
    seeds: [CONFIG, RULES],
    read: (bytes) => readConfig(bytes.toString(), stationShape),
  },
  {
    name: "rule file",
    oneOf: 5,
    seeds: [RULES, CONFIG],
    read: (bytes) => readConfig(bytes.toString(), ruleFileShape),
  },
  {
    name: "selector",
    seeds: [text('a{b="c",d=~"e.*|f",g!="h\\n"}'), text('{"a.b", c!~"(a+)+$"}')],
    read: (bytes) => parseSelector(bytes.toString()),
  },
  {
    name: "duration",
    seeds: [text("1h30m5s"), text("15s")],
    read: (bytes) => parseDuration(bytes.toString()),
  },
];

for (const [index, { name, seeds, read, oneOf = 1 }] of TARGETS.entries()) {
  test(`${name}: a value or an error of ours, whatever the bytes`, (t) => {
    const random = randomFrom(SEED + index);
    // Undamaged ones first.
    let [values, refusals] = [0, 0];
    for (let run = 0; run < RUNS / oneOf; run++) {
      let bytes = seeds[run % seeds.length]!;
      const damages = run < seeds.length ? 0 : 1 + random(4);
      for (let i = 0; i < damages; i++) bytes = damaged(bytes, seeds, random);
      try {
        read(bytes.subarray(0, 1_000_000));
        values++;
      } catch (error) {
        refusals++;
        const what = `FLX_FUZZ_SEED=${SEED} run ${run}: ${bytes.toString("base64").slice(0, 2_000)}`;
        assert.ok(error instanceof FlxError, `${what}\n${String((error as Error).stack)}`);
        assert.match(error.code, /^FLX_[A-Z_]+$/, what);
      }
    }
    t.diagnostic(`${values} read, ${refusals} refused, seed ${SEED}`);
    assert.ok(refusals > 0, "some are refused");
  });
}
