// Another process as the gatherer sees it: what its deltas have said so far.
//
// A delta may be anything: every number in it is checked before memory is made for it, and what is not right is refused
// as a whole from there on. The sender is then asked for its whole state (process-members.ts).

import { type Exemplar, FlxError, Labels, NativeHistogram, type UnixMs } from "@flx/model/write";
import { CHUNK_BITS, CHUNK_MASK, Cells } from "../cells.ts";
import { DELTA, MAX_TEXTS, TEXT } from "./delta-encoder.ts";
import { MemberMetric } from "./member-metric.ts";
import { type MetricSpec, parseSpec } from "./metric-spec.ts";
import { RecordReader } from "./record-bytes.ts";
import type { MemberState } from "./thread-channel.ts";
import type { MemberWatcher } from "./thread-member.ts";

/** No process has more metrics, no metric more rows, no row more buckets on a side. */
const MAX_METRICS = 100_000;
const MAX_ROWS = 1 << 22;
const MAX_BUCKETS = 65_536;
const MAX_LABELS = 1_024;

/** A member that sends deltas. */
export class ProcessMember {
  readonly metrics: Map<number, ProcessMetric> = new Map();
  state: MemberState | undefined;
  readonly #watcher: MemberWatcher;
  #texts: string[] = [];

  constructor(watcher: MemberWatcher) {
    this.#watcher = watcher;
  }

  /**
   * Takes a delta in.
   *
   * @throws {FlxError} `FLX_FLEET_BYTES`, `FLX_FLEET_SPEC` when it is not what a delta must be; what stood before the wrong
   *   place is taken in
   */
  apply(delta: Uint8Array): void {
    const reader = new RecordReader(delta);
    let isWhole = false;
    while (reader.left > 0) {
      const kind = reader.whole();
      if (kind === DELTA.reset) {
        isWhole = true;
        this.#reset();
      } else if (kind === DELTA.state) {
        this.state = parseState(reader.text());
      } else {
        this.#record(kind, reader.whole(), reader);
      }
    }
    if (!isWhole) return;
    for (const [id, metric] of this.metrics) if (!metric.isNamed) this.#drop(id);
  }

  #reset(): void {
    this.#texts = [];
    for (const metric of this.metrics.values()) {
      metric.isNamed = false;
      metric.closeAll();
    }
  }

  #record(kind: number, id: number, reader: RecordReader): void {
    if (kind === DELTA.metric) {
      this.#metric(id, reader.text());
      return;
    }
    if (kind === DELTA.drop) {
      this.#drop(id);
      return;
    }
    const metric = this.metrics.get(id);
    if (metric === undefined) throw wrong(`there is no metric ${id}`);
    const row = reader.whole();
    if (kind === DELTA.exemplar) {
      metric.exemplars.set(row, readExemplar(reader));
      return;
    }
    if (row >= MAX_ROWS) throw wrong(`row ${row} is too large`);
    if (kind === DELTA.open) {
      const createdMs = reader.number();
      metric.open(row, { createdMs, values: metric.spec.labelNames.map(() => this.#text(reader)) });
    } else if (!metric.isOpen(row)) throw wrong(`row ${row} is not open`);
    else if (kind === DELTA.close) metric.close(row);
    else if (kind === DELTA.numbers) metric.numbers(row, reader);
    else if (kind === DELTA.native) metric.native(row, reader);
    else throw wrong(`there is no record of kind ${kind}`);
  }

  #metric(id: number, text: string): void {
    const known = this.metrics.get(id);
    if (known !== undefined) {
      known.isNamed = true;
      return;
    }
    if (this.metrics.size >= MAX_METRICS) throw wrong("there are too many metrics");
    const metric = new ProcessMetric(parseSpec(text));
    this.metrics.set(id, metric);
    this.#watcher.added(metric);
  }

  #drop(id: number): void {
    const metric = this.metrics.get(id);
    if (metric === undefined) return;
    this.metrics.delete(id);
    metric.closeAll();
    this.#watcher.removed(metric);
  }

  #text(reader: RecordReader): string {
    const how = reader.whole();
    if (how >= TEXT.known) {
      const text = this.#texts[how - TEXT.known];
      if (text === undefined) throw wrong(`there is no text ${how - TEXT.known}`);
      return text;
    }
    const text = reader.text();
    if (how === TEXT.defined && this.#texts.length < MAX_TEXTS) this.#texts.push(text);
    return text;
  }
}

/** A metric of another process. */
export class ProcessMetric extends MemberMetric {
  isNamed = true;
  readonly #cells: Cells;
  readonly #natives = new Map<number, NativeHistogram>();

  constructor(spec: MetricSpec) {
    super(spec);
    this.#cells = new Cells(spec.stride);
  }

  get chunks(): number {
    return this.#cells.chunks.length;
  }

  override open(row: number, series: { values: readonly string[]; createdMs: number }): void {
    super.open(row, series);
    this.#cells.reserve(row);
    this.#cells.clearRow(row);
  }

  override close(row: number): void {
    super.close(row);
    this.#natives.delete(row);
  }

  /** @throws {FlxError} `FLX_FLEET_BYTES` when a position is none */
  numbers(row: number, reader: RecordReader): void {
    const cells = this.#cells.row(row);
    const count = reader.whole();
    if (count > cells.length) throw wrong(`a row has ${cells.length} numbers, not ${count}`);
    for (let i = 0; i < count; i++) {
      const at = reader.whole();
      if (at >= cells.length) throw wrong(`a row has no number ${at}`);
      cells[at] = readValue(reader);
    }
  }

  /** @throws {FlxError} `FLX_FLEET_BYTES`, `FLX_HISTOGRAM_*` when the buckets are none a histogram can have */
  native(row: number, reader: RecordReader): void {
    const schema = reader.signed();
    const zeroCount = readValue(reader);
    const side = (): { indexes: number[]; counts: number[] } => {
      const length = reader.whole();
      if (length > MAX_BUCKETS) throw wrong(`a histogram has ${length} buckets`);
      const columns = { indexes: [] as number[], counts: [] as number[] };
      for (let i = 0; i < length; i++) {
        columns.indexes.push(reader.signed());
        columns.counts.push(readValue(reader));
      }
      return columns;
    };
    const sum = this.#cells.row(row).at(-1)!;
    const zeroThreshold = this.spec.native?.zeroThreshold ?? 0;
    const positive = side();
    const negative = side();
    this.#natives.set(
      row,
      NativeHistogram.from({ schema, zeroThreshold, zeroCount, sum, positive, negative }),
    );
  }

  readChunk(index: number): Float64Array {
    return this.#cells.chunks[index]!;
  }

  readNative(row: number, cells: Float64Array): NativeHistogram | undefined {
    const { stride } = this.spec;
    const start = (row & CHUNK_MASK) * stride;
    cells.set(this.#cells.chunks[row >> CHUNK_BITS]!.subarray(start, start + stride));
    return this.#natives.get(row);
  }
}

function readValue(reader: RecordReader): number {
  const whole = reader.whole();
  return whole === 0 ? reader.number() : whole - 1;
}

function readExemplar(reader: RecordReader): Exemplar {
  const value = reader.number();
  const timestampMs = reader.number() as UnixMs;
  const length = reader.whole();
  if (length > MAX_LABELS) throw wrong(`an exemplar has ${length} labels`);
  const pairs = Array.from({ length }, () => [reader.text(), reader.text()] as const);
  const labels = Labels.from(pairs);
  return Number.isNaN(timestampMs) ? { labels, value } : { labels, value, timestampMs };
}

function parseState(text: string): MemberState {
  let lists: unknown;
  try {
    lists = JSON.parse(text);
  } catch (cause) {
    throw new FlxError("FLX_FLEET_BYTES", "the state of a process is no JSON", { cause });
  }
  const [misuse, overflow, failures, defaultLabels] = Array.isArray(lists)
    ? (lists as unknown[])
    : [];
  return {
    misuse: mapOf(misuse, "number"),
    overflow: mapOf(overflow, "number"),
    failures: mapOf(failures, "number"),
    defaultLabels: mapOf(defaultLabels, "string"),
    exemplars: new Map(),
  };
}

function mapOf<Value extends number | string>(
  list: unknown,
  type: Value extends number ? "number" : "string",
): Map<string, Value> {
  const map = new Map<string, Value>();
  for (const entry of Array.isArray(list) ? (list as unknown[]) : []) {
    const [name, value] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof name !== "string" || typeof value !== type)
      throw wrong("a state is no list of pairs");
    map.set(name, value as Value);
  }
  return map;
}

function wrong(message: string): FlxError {
  return new FlxError("FLX_FLEET_BYTES", `a delta of another process is wrong: ${message}`);
}
