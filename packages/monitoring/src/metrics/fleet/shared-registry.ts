// A registry whose metrics other threads read: every metric's numbers move into shared memory, and its series into a log.
//
//   registry ── watch ──> metric 0, 1, 2 ...   share(): cells move; opened, closed, moved go into the log
//   once a second, when asked, at the end      state: exemplars, misuse, overflow, default labels, by message
//
// The calls that count and set are the same as before: they write to an array, wherever its memory is. A new series costs
// a record in the log, about half a microsecond.

import type { ExemplarStore } from "../exemplar-store.ts";
import type { ExposedMetric } from "../exposed-metric.ts";
import { HistogramMetric } from "../histogram-metric.ts";
import type { Registry } from "../registry.ts";
import type { SeriesSharing } from "../series-store.ts";
import { isStored, specText, type StoredMetric } from "./metric-spec.ts";
import { CONTROL, CONTROL_WORDS, SeriesLog } from "./series-log.ts";
import { SharedMemory } from "./shared-memory.ts";
import type { MemberState, PlainExemplar, UpMessage } from "./thread-channel.ts";

/** A metric with exemplars, or none yet. */
type WithExemplars = StoredMetric & { readonly exemplars?: ExemplarStore | undefined };

/** A registry that is shared. */
export class SharedRegistry {
  readonly member: string;
  readonly registry: Registry;
  /** How many want it shared. */
  holders = 0;
  readonly #thread: number;
  readonly #say: (message: UpMessage) => void;
  readonly #controlBuffer = new SharedArrayBuffer(CONTROL_WORDS * 4);
  readonly #control = new Int32Array(this.#controlBuffer);
  readonly #memory: SharedMemory;
  readonly #log: SeriesLog;
  readonly #metrics = new Map<StoredMetric, number>();
  readonly #unwatch: () => void;
  #nextId = 0;
  #saidHello = false;
  #lastState = "";

  constructor(registry: Registry, thread: number, member: string, say: (up: UpMessage) => void) {
    this.registry = registry;
    this.member = member;
    this.#thread = thread;
    this.#say = say;
    this.#memory = new SharedMemory({
      announce: (number, buffer) => {
        if (this.#saidHello) say({ kind: "buffer", member, number, buffer });
      },
      reused: () => {
        Atomics.add(this.#control, CONTROL.changes, 1);
      },
    });
    this.#log = new SeriesLog(this.#memory, this.#control, (log) => this.#writeState(log));
    this.#unwatch = registry.watch((metric, registered) => {
      if (registered) this.#share(metric);
      else this.#unshare(metric);
    });
    this.sayHello();
  }

  /** Bytes of shared memory. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  /** Says who is here and where everything stands. */
  sayHello(): void {
    this.#saidHello = true;
    const { buffers } = this.#memory;
    const control = this.#controlBuffer;
    this.#say({ kind: "hello", member: this.member, thread: this.#thread, control, buffers });
    this.#lastState = "";
    this.sayState(0, true);
  }

  /** Brings everything up to date and says what is not in memory. */
  async answer(request: number, timeoutMs: number): Promise<void> {
    await this.registry.refresh(timeoutMs);
    this.sayState(request);
  }

  /**
   * Says what is not in memory, if it has changed or was asked for.
   *
   * @param request       the request it answers; 0 for none
   * @param allExemplars  whether exemplars that were said before are said again
   */
  sayState(request: number, allExemplars = false): void {
    this.#markAsking();
    const { misuse, overflow, failures } = this.registry.troubles();
    const { defaultLabels } = this.registry;
    const exemplars = this.#exemplars(allExemplars);
    const now = JSON.stringify([...misuse, ...overflow, ...failures, ...defaultLabels]);
    if (request === 0 && exemplars.size === 0 && now === this.#lastState) return;
    this.#lastState = now;
    const state = { defaultLabels, misuse, overflow, failures, exemplars } satisfies MemberState;
    this.#say({ kind: "state", member: this.member, request, state });
  }

  /** The thread ends: says the last of it. What is in memory needs no saying. */
  end(): void {
    this.sayState(0);
    Atomics.store(this.#control, CONTROL.ended, 1);
  }

  /** Shares no longer: the metrics go on as if nothing had been, and leave what is gathered. */
  close(): void {
    this.#unwatch();
    for (const metric of this.#metrics.keys()) metric.share(undefined);
    this.#metrics.clear();
    this.#say({ kind: "bye", member: this.member });
  }

  #share(metric: ExposedMetric): void {
    const specification = specText(metric);
    if (specification === undefined || !isStored(metric)) return;
    // In two registries that are both shared it belongs to the first.
    if (metric.sharing !== undefined) return;
    const id = this.#nextId++;
    this.#metrics.set(metric, id);
    const log = this.#log;
    log.metric(id, specification);
    metric.share(this.#sharing(metric, id));
    for (let row = 0; row < metric.rows; row++) {
      if (metric.isUsed(row)) log.open(id, row, metric.createdMs(row), metric.table.valuesOf(row));
    }
    this.#markAsking();
  }

  #sharing(metric: StoredMetric, id: number): SeriesSharing {
    const log = this.#log;
    return {
      memory: this.#memory,
      chunk: (index) => {
        log.chunk(id, index, metric.cells.chunks[index]!);
      },
      opened: (row) => {
        log.open(id, row, metric.createdMs(row), metric.table.valuesOf(row));
      },
      closed: (row) => {
        log.close(id, row);
      },
      nativeMoved: (row, series) => {
        log.native(id, row, series);
      },
    };
  }

  #unshare(metric: ExposedMetric): void {
    if (!isStored(metric)) return;
    const id = this.#metrics.get(metric);
    if (id === undefined) return;
    this.#metrics.delete(metric);
    this.#log.drop(id);
    metric.share(undefined);
  }

  #writeState(log: SeriesLog): void {
    for (const [metric, id] of this.#metrics) {
      log.metric(id, specText(metric) ?? "");
      for (const [index, chunk] of metric.cells.chunks.entries()) log.chunk(id, index, chunk);
      for (let row = 0; row < metric.rows; row++) {
        if (metric.isUsed(row)) {
          log.open(id, row, metric.createdMs(row), metric.table.valuesOf(row));
        }
      }
      if (metric instanceof HistogramMetric) {
        metric.eachNative((row, series) => log.native(id, row, series));
      }
    }
  }

  /** Says in memory whether anything is only brought up to date when it is asked for. */
  #markAsking(): void {
    let wants = 0;
    for (const metric of this.#metrics.keys()) {
      if (metric.collect !== undefined || metric.expire !== undefined) wants = 1;
      if ((metric as WithExemplars).exemplars !== undefined) wants = 1;
    }
    Atomics.store(this.#control, CONTROL.wantsAsking, wants);
  }

  #exemplars(all: boolean): Map<number, (readonly [number, PlainExemplar])[]> {
    const found = new Map<number, (readonly [number, PlainExemplar])[]>();
    for (const [metric, id] of this.#metrics) {
      const { exemplars } = metric as WithExemplars;
      if (exemplars === undefined) continue;
      const positions = all ? exemplars.positions() : (exemplars.changed ?? exemplars.positions());
      const list: (readonly [number, PlainExemplar])[] = [];
      for (const position of positions) {
        const exemplar = exemplars.get(position);
        if (exemplar !== undefined) {
          list.push([position, { ...exemplar, labels: [...exemplar.labels] }]);
        }
      }
      exemplars.changed = new Set();
      if (list.length > 0) found.set(id, list);
    }
    return found;
  }
}
