// A store that sends on what it takes: `remote_write` of the configuration.
//
//   append ──► store (durable) ──► accepted samples ──► relabelling ──► a queue on disk for each remote ──► acknowledged
//
// What the store refuses is not sent on. A queue whose remote is away longer than it can hold drops its oldest: the samples
// are in the store, and one remote must not stop what comes in for all others. The same when its disk does not take them;
// both are counted and told.
//
// What waits for a remote that is not configured any more stays on disk and is told, at each start and reload: it may have been
// taken out by mistake, and is sent when it is there again. A queue with nothing in it goes.
//
// Labels are relabelled and encoded once a series, and forgotten when the store gives numbers anew. What was said of
// families is remembered here, since remote write 2.0 says it with every series.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { FlxError, type Labels } from "@flx/model";
import type { Matcher, SelectHints, SeriesData, TimeRange } from "@flx/promql";
import type { Prepared } from "../../config/reload.ts";
import { ConfiguredAccess } from "../../config/configured-access.ts";
import { FamilyTable } from "../../store/head/family-table.ts";
import type { AppendOutcome, SampleBatch, SeriesRef } from "../../store/metric-sink.ts";
import type { MetricStore, StoreCondition } from "../../store/metric-store.ts";
import type {
  FamilyMetadata,
  Limited,
  SeriesExemplars,
  SeriesQuestion,
  StoreStatistics,
} from "../../store/metrics-source.ts";
import { RemoteEndpoint } from "../../store/remote/remote-endpoint.ts";
import type { RemoteWriteMetrics } from "../../store/remote/remote-write-metrics.ts";
import { SentSeries } from "../../store/remote/sent-series.ts";
import { WRITE_V2 } from "../../store/remote/write-message.ts";
import { WriteQueue } from "../../store/remote/write-queue.ts";
import { LeftQueues } from "../../store/remote/left-queues.ts";
import { Relabeling } from "../relabel.ts";
import type { RemoteWriteConfig } from "./remote-write-config.ts";

/** What is needed to send on. */
export interface ForwardingParts {
  /** Queues are in folders of it. */
  readonly folder: string;
  readonly metrics: RemoteWriteMetrics;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly onProblem: (error: FlxError) => void;
}

/** What is sent on, and with which labels of this station. */
export interface Forwarding {
  readonly remotes: readonly RemoteWriteConfig[];
  readonly externalLabels: ReadonlyMap<string, string>;
}

/** A store, and the remotes beside it. Its end is not the store's. */
export class ForwardedStore implements MetricStore {
  readonly #store: MetricStore;
  readonly #parts: ForwardingParts;
  readonly #families = new FamilyTable();
  #remotes: readonly Remote[] = [];
  #saysFamilies = false;

  private constructor(store: MetricStore, parts: ForwardingParts) {
    this.#store = store;
    this.#parts = parts;
  }

  /**
   * Opens the queues of a configuration. One that cannot be opened is told, and its samples are counted as dropped: the
   * station takes data without it.
   */
  static async open(
    store: MetricStore,
    forwarding: Forwarding,
    parts: ForwardingParts,
  ): Promise<ForwardedStore> {
    const forwarded = new ForwardedStore(store, parts);
    await (await forwarded.prepare(forwarding)).commit();
    return forwarded;
  }

  /** What the store knows of families already: whoever said it may not say it again. Never rejects. */
  async #learnFamilies(): Promise<void> {
    const known = await this.#store
      .metadata(undefined)
      .catch((): ReadonlyMap<string, readonly FamilyMetadata[]> => new Map());
    for (const [name, all] of known) {
      for (const each of all) this.#families.add({ name, ...each });
    }
  }

  /** Gets another configuration ready; remotes that are in both go on as they are. */
  async prepare(forwarding: Forwarding): Promise<Prepared> {
    const kept: Remote[] = [];
    const next: Remote[] = [];
    for (const config of forwarding.remotes) {
      const same = this.#remotes.find((remote) => remote.is(config, forwarding.externalLabels));
      if (same !== undefined) kept.push(same);
      const remote =
        same ?? new Remote(config, forwarding.externalLabels, this.#parts, this.#families);
      next.push(remote);
    }
    return {
      commit: async () => {
        const ended = this.#remotes.filter((remote) => !kept.includes(remote));
        // A changed remote has the same queue: the old one lets go of it first.
        this.#remotes = kept;
        for (const remote of ended) await remote[Symbol.asyncDispose]();
        for (const remote of next) await remote.open().catch(this.#parts.onProblem);
        this.#remotes = next;
        this.#saysFamilies = forwarding.remotes.some(({ message }) => message === WRITE_V2);
        // Not waited for: a store elsewhere may be long in answering.
        if (this.#saysFamilies) void this.#learnFamilies();
        const left = new LeftQueues(this.#parts);
        await left.look(next.map(({ folder }) => folder)).catch(this.#parts.onProblem);
      },
    };
  }

  /** How sending on goes: the worst of all. */
  get forwardingCondition(): StoreCondition {
    const bad = this.#remotes.filter(({ condition }) => condition.state !== "ready");
    if (bad.length === 0) return { state: "ready", reason: "" };
    const reason = bad.map((remote) => `${remote.name}: ${remote.condition.reason}`).join("; ");
    return { state: "degraded", reason };
  }

  get generation(): number {
    return this.#store.generation;
  }

  get condition(): StoreCondition {
    return this.#store.condition;
  }

  ref(labels: Labels, source: string): SeriesRef {
    return this.#store.ref(labels, source);
  }

  labelsOf(ref: SeriesRef): Labels | undefined {
    return this.#store.labelsOf(ref);
  }

  async append(batch: SampleBatch): Promise<AppendOutcome> {
    // Before: a store may leave out of the batch what it knows.
    if (this.#saysFamilies) for (const each of batch.metadata) this.#families.add(each);
    const outcome = await this.#store.append(batch);
    await Promise.all(this.#remotes.map((remote) => remote.append(batch, outcome, this.#store)));
    return outcome;
  }

  select(
    matchers: readonly Matcher[],
    range: TimeRange,
    hints: SelectHints,
    signal: AbortSignal | undefined,
  ): readonly SeriesData[] | Promise<readonly SeriesData[]> {
    return this.#store.select(matchers, range, hints, signal);
  }

  labelNames(question: SeriesQuestion): Promise<Limited<string>> {
    return this.#store.labelNames(question);
  }

  labelValues(name: string, question: SeriesQuestion): Promise<Limited<string>> {
    return this.#store.labelValues(name, question);
  }

  series(question: SeriesQuestion): Promise<Limited<Labels>> {
    return this.#store.series(question);
  }

  exemplars(
    ...question: Parameters<MetricStore["exemplars"]>
  ): Promise<readonly SeriesExemplars[]> {
    return this.#store.exemplars(...question);
  }

  metadata(name: string | undefined): Promise<ReadonlyMap<string, readonly FamilyMetadata[]>> {
    return this.#store.metadata(name);
  }

  statistics(limit: number): Promise<StoreStatistics> {
    return this.#store.statistics(limit);
  }

  /** Stops sending; what waits stays on disk. The store stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#remotes;
    this.#remotes = [];
    await Promise.all(ended.map((remote) => remote[Symbol.asyncDispose]()));
  }
}

/** One remote. */
class Remote implements AsyncDisposable {
  readonly #config: RemoteWriteConfig;
  readonly #externalLabels: ReadonlyMap<string, string>;
  readonly #parts: ForwardingParts;
  readonly #relabeling: Relabeling;
  readonly #endpoint: RemoteEndpoint;
  readonly #families: FamilyTable;
  /** Undefined: the series is not sent. */
  readonly #series = new Map<SeriesRef, SentSeries | undefined>();
  #generation = 0;
  #queue: WriteQueue | undefined;

  constructor(
    config: RemoteWriteConfig,
    externalLabels: ReadonlyMap<string, string>,
    parts: ForwardingParts,
    families: FamilyTable,
  ) {
    this.#families = families;
    this.#config = config;
    this.#externalLabels = externalLabels;
    this.#parts = parts;
    this.#relabeling = new Relabeling(config.relabelRules);
    this.#endpoint = new RemoteEndpoint(new ConfiguredAccess(config.http));
  }

  get name(): string {
    return this.#config.name;
  }

  /** The name of its queue's folder. */
  get folder(): string {
    return folderName(this.name);
  }

  get condition(): StoreCondition {
    return this.#queue?.condition ?? { state: "degraded", reason: "its queue cannot be opened" };
  }

  is(config: RemoteWriteConfig, externalLabels: ReadonlyMap<string, string>): boolean {
    return (
      isDeepStrictEqual(this.#config, config) &&
      isDeepStrictEqual(this.#externalLabels, externalLabels)
    );
  }

  /** Opens the queue, unless it is open. */
  async open(): Promise<void> {
    if (this.#queue !== undefined) return;
    const { name, message, url, remoteTimeoutMs, queue } = this.#config;
    const { folder, metrics, now, onProblem } = this.#parts;
    this.#queue = await WriteQueue.open({
      name,
      setting: `protobuf_message of remote_write ${JSON.stringify(name)}`,
      message,
      folder: join(folder, this.folder),
      url: new URL(url),
      endpoint: this.#endpoint,
      timeoutMs: remoteTimeoutMs,
      config: queue,
      whenFull: "drop-oldest",
      metrics,
      now,
      onProblem,
    });
  }

  /** Queues what the store has accepted. Never rejects. */
  async append(batch: SampleBatch, { rejected }: AppendOutcome, store: MetricStore): Promise<void> {
    if (store.generation !== this.#generation) {
      this.#series.clear();
      this.#generation = store.generation;
    }
    const { sendsNativeHistograms, sendsMetadata, sendsExemplars } = this.#config;
    const refused = new Set(rejected.map(({ index }) => index));
    try {
      if (this.#queue === undefined) throw new FlxError("FLX_STORE_DISK", this.condition.reason);
      await this.#queue.append(batch, {
        series: (ref) => this.#sent(ref, store),
        isLeftOut: (index) =>
          refused.has(index) || (index >= batch.count && !sendsNativeHistograms),
        hasExemplars: sendsExemplars,
        metadata: sendsMetadata ? batch.metadata : [],
        family: (name) => this.#families.latest(name),
      });
    } catch (error) {
      const samples = batch.samples - refused.size;
      this.#parts.metrics.samples.inc({ remote: this.name, outcome: "dropped" }, samples);
      this.#parts.onProblem(error as FlxError);
    }
  }

  #sent(ref: SeriesRef, store: MetricStore): SentSeries | undefined {
    if (this.#series.has(ref)) return this.#series.get(ref);
    const labels = store.labelsOf(ref);
    let all = labels;
    for (const [name, value] of this.#externalLabels) {
      if (all?.has(name) === false) all = all.with(name, value);
    }
    const sent = all === undefined ? undefined : this.#relabeling.apply(all);
    const series =
      sent === undefined || sent.size === 0 ? undefined : new SentSeries(sent, labels?.metricName);
    this.#series.set(ref, series);
    return series;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue?.[Symbol.asyncDispose]();
    this.#endpoint[Symbol.dispose]();
  }
}

/** A folder for a name that may be anything. */
function folderName(name: string): string {
  const readable = name.replaceAll(/[^\w.-]+/g, "-").slice(0, 60);
  return `${readable}-${createHash("sha256").update(name).digest("hex").slice(0, 12)}`;
}
