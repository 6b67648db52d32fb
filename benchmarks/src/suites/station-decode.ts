// Reading OTLP in the station, beside protobufjs: 100,000 records or points of the shop from bytes on.
//
//   into columns   what the store does with a request: numbers into typed arrays, texts copied, resources once
//   checked        what the receiver does before: every byte is looked at, nothing is kept
//   points         metrics into columns, the way of every request: 100,000 points of counters, gauges, histograms of both kinds
//   counted        what span metrics and service graph do after: one pass over names, kinds, times and some attributes
//
// protobufjs makes objects of the same bytes, as generated code of its own (its decoders are compiled when they are first used).

import { checkRecords, OtlpMetrics, readMetricsRequest } from "@flx/model";
import { Registry } from "@flx/monitoring/metrics";
import { oracleType } from "../../../packages/model/test/otlp/otlp-oracle.ts";
import { defaultStationConfig } from "../../../packages/station/src/station-config.ts";
import type { MetricSink } from "../../../packages/station/src/store/metric-sink.ts";
import { logTable } from "../../../packages/station/src/store/logs/log-table.ts";
import type {
  OriginNumbers,
  RecordTable,
} from "../../../packages/station/src/store/records/record-table.ts";
import {
  type Column,
  RowColumns,
} from "../../../packages/station/src/store/records/row-columns.ts";
import { spanTable } from "../../../packages/station/src/store/spans/span-table.ts";
import { TraceMetrics } from "../../../packages/station/src/traces/trace-metrics.ts";
import { type BenchmarkCase, contender, suite, type Suite } from "../harness/suite.ts";
import { EXPORT_POINTS, shopMetrics } from "./shop-metrics.ts";
import { shopLogs, shopSpans } from "./shop-traces.ts";

const START_MS = 1_790_000_000_000;
/** So many that the clock of a thread's CPU time, which may tick in 4 ms, says something. */
const RECORDS = 100_000;

type Signal = "traces" | "logs" | "metrics";

function requestsOf(signal: Signal): readonly Uint8Array[] {
  if (signal === "metrics") return shopMetrics(RECORDS / EXPORT_POINTS, START_MS);
  const seconds = Array.from({ length: RECORDS / 1_000 }, (_, i) => START_MS + i * 1_000);
  const made =
    signal === "traces"
      ? seconds.flatMap((ms) => shopSpans(100, ms, 1_000))
      : seconds.map((ms) => shopLogs(1_000, ms, 1_000));
  return made.map(({ request }) => request);
}

/** Resources and scopes are numbered once. */
class Origins implements OriginNumbers {
  readonly #numbers = new Map<string, number>();

  number(key: string, make: () => unknown): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      make();
      number = this.#numbers.size;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

interface Reading {
  readonly read: () => number;
}

type Decoded = Readonly<Record<string, readonly unknown[] | undefined>>;

/** Where records are in protobufjs' objects: the request's field, a resource's, a scope's. */
const PATHS = {
  traces: ["TracesRequest", "resourceSpans", "scopeSpans", "spans"],
  logs: ["LogsRequest", "resourceLogs", "scopeLogs", "logRecords"],
  metrics: ["MetricsRequest", "resourceMetrics", "scopeMetrics", "metrics"],
} as const;

function countOf(records: readonly unknown[], signal: Signal): number {
  if (signal !== "metrics") return records.length;
  let count = 0;
  for (const metric of records as readonly Readonly<Record<string, Decoded | undefined>>[]) {
    const data = metric["sum"] ?? metric["gauge"] ?? metric["histogram"];
    count += (data ?? metric["exponentialHistogram"])!["dataPoints"]!.length;
  }
  return count;
}

function theirs(signal: Signal) {
  return contender({
    name: "protobufjs",
    setup: (): Reading => {
      const [name, groups, scopes, records] = PATHS[signal];
      const type = oracleType(name);
      const requests = requestsOf(signal);
      const read = (): number => {
        let count = 0;
        for (const request of requests) {
          const decoded = type.decode(request) as unknown as Decoded;
          for (const group of decoded[groups] as readonly Decoded[]) {
            for (const scope of group[scopes] as readonly Decoded[]) {
              count += countOf(scope[records]!, signal);
            }
          }
        }
        return count;
      };
      return { read };
    },
    op: ({ read }) => read(),
    check: ({ read }) => read(),
  });
}

const NAMES = { traces: "spans", logs: "log records", metrics: "points of metrics" } as const;

function decoding(
  name: string,
  signal: Signal,
  ours: (requests: readonly Uint8Array[]) => () => number,
  atLeast?: number,
): BenchmarkCase {
  const first = contender({
    name: "ours",
    setup: (): Reading => ({ read: ours(requestsOf(signal)) }),
    op: ({ read }) => read(),
    check: ({ read }) => read(),
  });
  return {
    name: `100,000 ${NAMES[signal]}, ${name}`,
    kind: "long",
    figure: "thread CPU",
    contenders: [first, theirs(signal)],
    ...(atLeast !== undefined && { budgets: [{ against: "protobufjs", atLeast }] }),
  };
}

function intoColumns(table: RecordTable) {
  return (requests: readonly Uint8Array[]) => {
    let count = 0;
    const columns: readonly Column[] = [...table.columns, { name: "origin", type: "UINTEGER" }];
    const rows = new RowColumns(columns, (full) => {
      count += full.count;
    });
    const origins = new Origins();
    return (): number => {
      count = 0;
      for (const request of requests) table.write(request, rows, origins, 1);
      rows.flush();
      return count;
    };
  };
}

function points(requests: readonly Uint8Array[]): () => number {
  const columns = new OtlpMetrics();
  return () => {
    let count = 0;
    for (const request of requests) count += readMetricsRequest(request, {}, columns).points;
    return count;
  };
}

function checked(signal: "traces" | "logs") {
  return (requests: readonly Uint8Array[]) => (): number => {
    let count = 0;
    for (const request of requests) count += checkRecords(signal, request).records;
    return count;
  };
}

/** Every round is counted as if its spans were new. */
function counted(requests: readonly Uint8Array[]): () => number {
  const { traces: config } = defaultStationConfig().value;
  const sink: MetricSink = {
    generation: 1,
    ref: () => 1,
    append: () => Promise.resolve({ rejected: [] }),
  };
  return (): number => {
    const metrics = new TraceMetrics({
      config,
      records: { append: () => Promise.resolve() },
      sink,
      clock: { now: () => START_MS, elapsed: () => 0 },
      registry: new Registry(),
      onFault: () => undefined,
    });
    for (const request of requests) metrics.count(request);
    return RECORDS;
  };
}

/** The suite. */
export const decode: Suite = suite("decode", {
  title: "Reading OTLP in the station, beside protobufjs",
  cases: [
    decoding("into columns", "traces", intoColumns(spanTable), 6),
    decoding("into columns", "logs", intoColumns(logTable), 6),
    decoding("checked", "traces", checked("traces"), 6),
    decoding("checked", "logs", checked("logs"), 6),
    decoding("into columns", "metrics", points, 8),
    decoding("counted", "traces", counted),
  ],
});
