// What passes every span that the station keeps: counts them, and writes what it counted as ordinary series.
//
//   receiver ─► TraceMetrics ─► store of spans         durable there first, counted then
//                   │  └ refused, failed: not counted
//                   ├─► span metrics ──┐
//                   └─► service graph ─┴─ every interval ─► store of metrics
//
// A span counts once. What the store refuses is not counted, and counts when it comes again and is taken; what was taken and
// comes again, because the sender did not hear of it, is known by recent-spans.ts and counts no second time.
//
// A station that ends in order writes everything before. One that is killed loses what it counted since the last interval; the
// spans themselves are durable. A new start counts from 0, with a new start time on every sample.

import type { WrittenMetadata } from "@flx/model";
import { observableCounter, observableGauge, type Registry } from "@flx/monitoring/metrics";
import type { Clock } from "../base/clock.ts";
import type { RecordSink } from "../ingest/otlp/export-handler.ts";
import type { MetricSink } from "../store/metric-sink.ts";
import type { Origin, OriginNumbers } from "../store/records/record-table.ts";
import { walkRequest } from "../store/records/walk-request.ts";
import { RecentSpans } from "./recent-spans.ts";
import { SeriesWriter } from "./series-writer.ts";
import {
  CLIENT_SECONDS,
  FAILED,
  QUEUE_SECONDS,
  REQUESTS,
  SERVER_SECONDS,
  ServiceGraph,
  UNPAIRED,
} from "./service-graph.ts";
import { CALLS, DURATION, SpanMetrics } from "./span-metrics.ts";
import { shortName } from "./short-name.ts";
import { TracedSpan } from "./traced-span.ts";
import type { TracesConfig } from "./traces-config.ts";

/** What it stands on. */
export interface TraceMetricsParts {
  readonly config: TracesConfig;
  /** Where spans are kept. */
  readonly records: RecordSink;
  /** Where the series go. */
  readonly sink: MetricSink;
  readonly clock: Clock;
  readonly registry: Registry;
  /** Told when the store does not take the series. */
  readonly onFault: (error: unknown) => void;
}

const NO_SERVICE = "unknown_service";
/** Those that have waited for less than this have waited long enough when the station ends. */
const FOREVER = Number.POSITIVE_INFINITY;

/** Keeps spans and counts them; `start` begins to write. */
export class TraceMetrics implements RecordSink, AsyncDisposable {
  readonly #parts: TraceMetricsParts;
  readonly #spans: SpanMetrics | undefined;
  readonly #graph: ServiceGraph | undefined;
  readonly #recent = new RecentSpans();
  readonly #services = new ServiceNames();
  readonly #span = new TracedSpan();
  readonly #fingerprint = new Uint32Array(2);
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #writtenMs: number;
  #counted = 0;
  #repeated = 0;
  #refusedSeries = 0;
  #faults = 0;

  constructor(parts: TraceMetricsParts) {
    this.#parts = parts;
    const { span_metrics: spans, service_graph: graph } = parts.config;
    this.#spans = spans.enabled ? new SpanMetrics(spans) : undefined;
    this.#graph = graph.enabled ? new ServiceGraph(graph) : undefined;
    this.#writtenMs = parts.clock.now();
    if (this.#isOn) this.#register(parts.registry);
  }

  get #isOn(): boolean {
    return this.#spans !== undefined || this.#graph !== undefined;
  }

  /** Writes at every interval from now on. */
  start(): void {
    if (!this.#isOn) return;
    this.#timer = setInterval(() => void this.write(), this.#parts.config.interval).unref();
  }

  async append(signal: "spans" | "logs", request: Uint8Array, records: number): Promise<void> {
    await this.#parts.records.append(signal, request, records);
    if (signal !== "spans" || !this.#isOn) return;
    try {
      this.count(request);
    } catch (error) {
      // The spans are durable: whoever sent them must not hear that they were not taken.
      this.#parts.onFault(error);
    }
  }

  /** Counts the spans of a request that is checked, and durable. */
  count(request: Uint8Array): void {
    const { clock } = this.#parts;
    const [nowMs, elapsedMs] = [clock.now(), clock.elapsed()];
    const span = this.#span;
    const fingerprint = this.#fingerprint;
    this.#graph?.expire(nowMs, elapsedMs);
    walkRequest(request, this.#services, (reader, end, service) => {
      span.take(reader, end, this.#services.name(service));
      span.fingerprint(fingerprint);
      if (!this.#recent.add(fingerprint[0]!, fingerprint[1]!)) {
        this.#repeated++;
        return;
      }
      this.#counted++;
      this.#spans?.add(span, nowMs);
      this.#graph?.add(span, nowMs, elapsedMs);
    });
  }

  /** Writes everything that was counted so far. Never rejects. */
  write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { clock, config, sink, onFault } = this.#parts;
    const nowMs = clock.now();
    const writer = new SeriesWriter(sink, nowMs, this.#writtenMs + 1);
    const idleSinceMs = nowMs - config.idle;
    this.#graph?.expire(nowMs, clock.elapsed());
    this.#spans?.write(writer, idleSinceMs);
    this.#graph?.write(writer, idleSinceMs);
    try {
      this.#refusedSeries += await writer.commit(METADATA);
      this.#writtenMs = nowMs;
    } catch (error) {
      this.#faults++;
      onFault(error);
    }
  }

  /** Writes for the last time: nobody waits any longer. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#isOn) return;
    this.#graph?.expire(this.#parts.clock.now(), FOREVER);
    await this.write();
  }

  #register(registry: Registry): void {
    const registers = [registry];
    const counter = (name: string, help: string, read: () => number): void => {
      observableCounter({ name, help, registers, collect: (observe) => observe(read()) });
    };
    const gauge = (name: string, help: string, read: () => number): void => {
      observableGauge({ name, help, registers, collect: (observe) => observe(read()) });
    };
    counter(
      "flx_traces_spans_counted_total",
      "Spans in span metrics and service graph",
      () => this.#counted,
    );
    counter(
      "flx_traces_spans_repeated_total",
      "Spans that had come before and were not counted again",
      () => this.#repeated,
    );
    counter(
      "flx_traces_spans_overflowed_total",
      "Spans and calls counted in a series with otel_metric_overflow",
      () => (this.#spans?.overflowed ?? 0) + (this.#graph?.overflowed ?? 0),
    );
    gauge(
      "flx_traces_waiting_spans",
      "Spans that wait for the other side of their call",
      () => this.#graph?.waiting.spans ?? 0,
    );
    counter(
      "flx_traces_waiting_early_total",
      "Spans that stopped waiting because too many did",
      () => this.#graph?.waiting.early ?? 0,
    );
    gauge("flx_traces_label_sets", "Label sets of span metrics", () => this.#spans?.labelSets ?? 0);
    gauge("flx_traces_edges", "Edges of the service graph", () => this.#graph?.edges ?? 0);
    counter(
      "flx_traces_series_refused_total",
      "Series that the store had no room for, at each interval",
      () => this.#refusedSeries,
    );
    counter(
      "flx_traces_write_failures_total",
      "Intervals at which the store did not take the series",
      () => this.#faults,
    );
  }
}

const MAX_NAMES = 10_000;

/** Names of services by what stands in requests: the resource's bytes are read once. */
class ServiceNames implements OriginNumbers {
  #numbers = new Map<string, number>();
  #names: string[] = [];
  #bytes = 0;

  number(key: string, make: () => Origin): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#names.length >= MAX_NAMES || this.#bytes > MAX_KEY_BYTES) this.#forget();
    const number = this.#names.length;
    this.#names.push(shortName(make().service) || NO_SERVICE);
    this.#numbers.set(key, number);
    this.#bytes += key.length;
    return number;
  }

  name(number: number): string {
    return this.#names[number]!;
  }

  #forget(): void {
    this.#numbers = new Map();
    this.#names = [];
    this.#bytes = 0;
  }
}

const MAX_KEY_BYTES = 4 * 1024 * 1024;

const METADATA: readonly WrittenMetadata[] = [
  { name: CALLS, type: "counter", help: "Spans of an operation", unit: "" },
  { name: DURATION, type: "histogram", help: "How long an operation took", unit: "seconds" },
  { name: REQUESTS, type: "counter", help: "Calls from one node to another", unit: "" },
  { name: FAILED, type: "counter", help: "Calls of which a side says error", unit: "" },
  { name: CLIENT_SECONDS, type: "histogram", help: "Calls, as the caller sees", unit: "seconds" },
  { name: SERVER_SECONDS, type: "histogram", help: "Calls, as the called sees", unit: "seconds" },
  { name: QUEUE_SECONDS, type: "histogram", help: "Messages between both sides", unit: "seconds" },
  { name: UNPAIRED, type: "counter", help: "Spans without their other side", unit: "" },
];
