// Metrics kept by an engine elsewhere: samples go to it by remote write, questions by the Prometheus HTTP API.
//
//   append ──► queue on disk (durable) ──► acknowledged          select, series, labels, metadata, exemplars
//                    └──► remote write ──► engine ◄──────────────────── GET, POST /api/v1/...
//
// What is acknowledged is in the queue, and reaches the engine in order when the engine is there: so what was just written
// is found a moment later, not at once. The engine decides about limits, duplicates and what is out of order; what it
// refuses is counted and told (queue-sender.ts).
//
// select() asks for the raw samples of a selector, `up[5m]` at a time. The API does not give staleness markers, so a series
// that has ended looks alive for the lookback; whole queries are better evaluated by the engine (query/remote-engine.ts).
//
// What was said of families is kept here, too: engines know it of what they scrape themselves only.

import { join } from "node:path";
import { FlxError, type Labels, type WrittenMetadata } from "@flx/model";
import {
  type Matcher,
  printMatcher,
  type SelectHints,
  type SeriesData,
  type TimeRange,
} from "@flx/promql";
import { ConfiguredAccess } from "../../config/configured-access.ts";
import { FamilyTable } from "../head/family-table.ts";
import type { AppendOutcome, SampleBatch, SeriesRef } from "../metric-sink.ts";
import { SinkRefusal } from "../metric-sink.ts";
import type { MetricStore, StoreCondition } from "../metric-store.ts";
import type {
  FamilyMetadata,
  Limited,
  SeriesExemplars,
  SeriesQuestion,
  StoreStatistics,
} from "../metrics-source.ts";
import { apiUrl, type ApiParameters, PrometheusClient } from "./prometheus-client.ts";
import { readExemplars, readMetadata, readStatistics } from "./api-answers.ts";
import { labelsOf, listOf, readQueryValue, textOf } from "./result-values.ts";
import type { RemoteEngineConfig } from "./remote-config.ts";
import { RemoteEndpoint } from "./remote-endpoint.ts";
import type { RemoteWriteMetrics } from "./remote-write-metrics.ts";
import type { SentSeries } from "./sent-series.ts";
import { SeriesNames } from "./series-names.ts";
import { WRITE_V2 } from "./write-message.ts";
import { WriteQueue } from "./write-queue.ts";

/** What a store elsewhere is opened with. */
export interface RemoteStoreOptions {
  /** The data folder; the queue is in `engine/`. */
  readonly folder: string;
  readonly config: RemoteEngineConfig;
  /** Series whose labels are remembered here. */
  readonly maxSeries: number;
  readonly maxLabels: number;
  /** Of a question. */
  readonly queryTimeoutMs: number;
  readonly metrics: RemoteWriteMetrics;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly onProblem: (error: FlxError) => void;
}

/** As far as a Date reaches: whoever says no bound says these. */
const BOUND_MS = 8.64e15;

/** A store elsewhere. */
export class RemoteStore implements MetricStore {
  /** For whoever has whole queries evaluated there. */
  readonly client: PrometheusClient;
  readonly #options: RemoteStoreOptions;
  readonly #names: SeriesNames;
  readonly #families = new FamilyTable();
  readonly #queue: WriteQueue;
  readonly #endpoint: RemoteEndpoint;

  private constructor(
    options: RemoteStoreOptions,
    endpoint: RemoteEndpoint,
    client: PrometheusClient,
    queue: WriteQueue,
  ) {
    this.#options = options;
    this.#endpoint = endpoint;
    this.client = client;
    this.#queue = queue;
    this.#names = new SeriesNames(options.maxSeries);
  }

  /**
   * Opens it; the engine need not be there.
   *
   * @throws {FlxError} `FLX_STORE_DISK` when the queue cannot be opened
   */
  static async open(options: RemoteStoreOptions): Promise<RemoteStore> {
    const { folder, config, queryTimeoutMs, metrics, now, onProblem } = options;
    const base = new URL(config.url);
    const endpoint = new RemoteEndpoint(new ConfiguredAccess(config.http));
    const client = new PrometheusClient(base, endpoint, {
      timeoutMs: queryTimeoutMs,
      maxBytes: config.maxResponseBytes,
    });
    const queue = await WriteQueue.open({
      name: "engine",
      setting: "store.metrics.protobuf_message",
      message: config.message,
      folder: join(folder, "engine"),
      url: config.writeUrl === undefined ? apiUrl(base, "write") : new URL(config.writeUrl),
      endpoint,
      timeoutMs: config.remoteTimeoutMs,
      config: config.queue,
      whenFull: "refuse",
      metrics,
      now,
      onProblem,
    });
    return new RemoteStore(options, endpoint, client, queue);
  }

  get generation(): number {
    return this.#names.generation;
  }

  get condition(): StoreCondition {
    return this.#queue.condition;
  }

  ref(labels: Labels): SeriesRef {
    const { maxLabels } = this.#options;
    if (labels.size > maxLabels) {
      throw new FlxError(
        "FLX_STORE_LABEL_LIMIT",
        `a series with ${labels.size} labels; at most ${maxLabels}`,
      );
    }
    return this.#names.ref(labels);
  }

  labelsOf(ref: SeriesRef): Labels | undefined {
    return this.#names.get(ref)?.labels;
  }

  async append(batch: SampleBatch): Promise<AppendOutcome> {
    const metadata = batch.metadata.filter((each) => !this.#families.has(each));
    const series = (ref: SeriesRef): SentSeries => {
      const named = this.#names.get(ref);
      if (named !== undefined) return named;
      throw new SinkRefusal(
        "FLX_STORE_SERIES_LIMIT",
        "so many series are new that those of this request were forgotten",
        "overloaded",
        1_000,
      );
    };
    // A 2.0 request says it with the series of this batch.
    if (this.#options.config.message === WRITE_V2) this.#note(metadata);
    const family = (name: string): FamilyMetadata | undefined => this.#families.latest(name);
    await this.#queue.append(batch, { series, metadata, family });
    this.#note(metadata);
    return { rejected: [] };
  }

  #note(metadata: readonly WrittenMetadata[]): void {
    for (const each of metadata) this.#families.add(each);
  }

  async select(
    matchers: readonly Matcher[],
    range: TimeRange,
    _hints: SelectHints,
    signal: AbortSignal | undefined,
  ): Promise<readonly SeriesData[]> {
    const endMs = Math.min(range.endMs, this.#options.now() + 366 * 86_400_000);
    const startMs = Math.max(range.startMs, 0);
    if (endMs < startMs) return [];
    // One ms more: whether the start of a window belongs to it is answered differently by different engines.
    const query = `${selectorText(matchers)}[${endMs - startMs + 1}ms]`;
    const { data } = await this.client.ask(
      "query",
      { query, time: secondsText(endMs) },
      { signal },
    );
    const value = readQueryValue(data);
    if (value.kind !== "matrix") return [];
    return value.series.map((series) => withinRange(series, startMs, endMs));
  }

  async labelNames(question: SeriesQuestion): Promise<Limited<string>> {
    return this.#texts("labels", question);
  }

  async labelValues(name: string, question: SeriesQuestion): Promise<Limited<string>> {
    return this.#texts(`label/${encodeURIComponent(name)}/values`, question);
  }

  async #texts(path: string, question: SeriesQuestion): Promise<Limited<string>> {
    const { signal, limit } = question;
    const { data } = await this.client.ask(path, parametersOf(question), { signal });
    return limited(listOf(data ?? []).map(textOf), limit);
  }

  async series(question: SeriesQuestion): Promise<Limited<Labels>> {
    const { signal, limit } = question;
    const { data } = await this.client.ask("series", parametersOf(question), { signal });
    return limited(listOf(data ?? []).map(labelsOf), limit);
  }

  async exemplars(
    selectors: readonly (readonly Matcher[])[],
    range: TimeRange,
    options: { readonly limit: number; readonly signal?: AbortSignal | undefined },
  ): Promise<readonly SeriesExemplars[]> {
    const query = selectors.map(selectorText).join(" or ");
    const { signal, limit } = options;
    const { data } = await this.client.ask(
      "query_exemplars",
      { query, ...boundsOf(range) },
      { signal },
    );
    return readExemplars(data ?? [], limit);
  }

  async metadata(
    name: string | undefined,
  ): Promise<ReadonlyMap<string, readonly FamilyMetadata[]>> {
    const { data } = await this.client.ask("metadata", { metric: name });
    const all = new Map(readMetadata(data ?? {}));
    for (const [family, known] of this.#families.get(name)) all.set(family, known);
    return all;
  }

  async statistics(limit: number): Promise<StoreStatistics> {
    // The station asks itself how many series it has, too; that is no question to the engine.
    if (limit === 0) return readStatistics({}, 0, this.#names.size);
    const { data } = await this.client.ask("status/tsdb", { limit: `${limit}`, topN: `${limit}` });
    return readStatistics(data, limit, this.#names.size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue[Symbol.asyncDispose]();
    this.#endpoint[Symbol.dispose]();
  }
}

/** A selector as PromQL, any matchers. */
export function selectorText(matchers: readonly Matcher[]): string {
  return `{${matchers.map(printMatcher).join(",")}}`;
}

/** Unix seconds, as the API takes times. */
export function secondsText(timeMs: number): string {
  return (timeMs / 1_000).toFixed(3);
}

function boundsOf({ startMs, endMs }: TimeRange): ApiParameters {
  return {
    // Engines have defaults of their own for a bound that is not given, some of them short.
    start: secondsText(Math.max(0, startMs)),
    ...(endMs < BOUND_MS && { end: secondsText(endMs) }),
  };
}

function parametersOf({ selectors, range, limit }: SeriesQuestion): ApiParameters {
  return {
    "match[]": selectors.map(selectorText),
    ...boundsOf(range),
    // One more than is asked for, so that it is seen whether there are more.
    ...(limit > 0 && { limit: String(limit + 1) }),
  };
}

function limited<T>(items: readonly T[], limit: number): Limited<T> {
  if (limit === 0 || items.length <= limit) return { items, isCut: false };
  return { items: items.slice(0, limit), isCut: true };
}

function withinRange(series: SeriesData, startMs: number, endMs: number): SeriesData {
  const { timestamps, values, histograms } = series;
  let from = 0;
  let to = timestamps.length;
  while (from < to && timestamps[from]! < startMs) from++;
  while (to > from && timestamps[to - 1]! > endMs) to--;
  if (from === 0 && to === timestamps.length) return series;
  return {
    labels: series.labels,
    timestamps: timestamps.subarray(from, to),
    values: values.subarray(from, to),
    histograms: histograms?.slice(from, to),
  };
}
