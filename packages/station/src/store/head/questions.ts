// What is asked of the head, answered a few series at a time: a question about many does not hold the loop.

import { FlxError, type Labels } from "@flx/model";
import type { Matcher, SeriesData, TimeRange } from "@flx/promql";
import type { Limited, SeriesExemplars, SeriesQuestion } from "../metrics-source.ts";
import type { Head } from "./head.ts";
import type { HeadSeries } from "./head-series.ts";

/** Series between two pauses. */
const SLICE = 1_000;

/** Answers questions. */
export class HeadQuestions {
  readonly #head: Head;

  constructor(head: Head) {
    this.#head = head;
  }

  /** The series with their samples. */
  async select(
    matchers: readonly Matcher[],
    { startMs, endMs }: TimeRange,
    signal: AbortSignal | undefined,
  ): Promise<readonly SeriesData[]> {
    const found: SeriesData[] = [];
    let count = 0;
    for (const series of this.#head.findByTurns(matchers)) {
      if (series === undefined || ++count % SLICE === 0) await pause(signal);
      if (series === undefined) continue;
      const data = this.#head.read(series, startMs, endMs);
      if (data !== undefined) found.push(data);
    }
    return found;
  }

  /** The label sets. */
  async series(question: SeriesQuestion): Promise<Limited<Labels>> {
    const items: Labels[] = [];
    for await (const series of this.#matching(question)) {
      if (question.limit > 0 && items.length >= question.limit) return { items, isCut: true };
      items.push(series.labels);
    }
    return { items, isCut: false };
  }

  /** Names of labels, sorted. */
  async labelNames(question: SeriesQuestion): Promise<Limited<string>> {
    if (question.selectors.length === 0 && this.#coversAll(question.range)) {
      return limited(this.#head.labelNames(), question.limit);
    }
    const names = new Set<string>();
    for await (const series of this.#matching(question)) {
      for (const [name] of series.labels) names.add(name);
    }
    return limited(names, question.limit);
  }

  /** Values of a label, sorted. */
  async labelValues(name: string, question: SeriesQuestion): Promise<Limited<string>> {
    if (question.selectors.length === 0 && this.#coversAll(question.range)) {
      return limited(this.#head.labelValues(name), question.limit);
    }
    const values = new Set<string>();
    for await (const series of this.#matching(question)) {
      const value = series.labels.get(name);
      if (value !== undefined) values.add(value);
    }
    return limited(values, question.limit);
  }

  /** Exemplars of the series that match. */
  exemplars(
    selectors: readonly (readonly Matcher[])[],
    { startMs, endMs }: TimeRange,
    limit: number,
  ): readonly SeriesExemplars[] {
    const found = new Map<number, SeriesExemplars["exemplars"][number][]>();
    const matching = new Set<number>();
    for (const matchers of selectors) {
      for (const { ref } of this.#head.find(matchers)) matching.add(ref);
    }
    let count = 0;
    for (const { ref, exemplar } of [...this.#head.exemplars.all()].toReversed()) {
      const timestampMs = exemplar.timestampMs ?? 0;
      if (!matching.has(ref) || timestampMs < startMs || timestampMs > endMs) continue;
      if (limit > 0 && ++count > limit) break;
      const list = found.get(ref) ?? [];
      found.set(ref, list);
      list.push({ labels: exemplar.labels, value: exemplar.value, timestampMs });
    }
    return Array.from(found, ([ref, exemplars]) => ({
      labels: this.#head.get(ref)!.labels,
      exemplars: exemplars.toSorted((a, b) => a.timestampMs - b.timestampMs),
    }));
  }

  #coversAll({ startMs, endMs }: TimeRange): boolean {
    return startMs <= this.#head.floorMs && endMs >= this.#head.newestMs;
  }

  /** The series that one of the selectors matches, each once, with samples in the range. */
  async *#matching({ selectors, range, signal }: SeriesQuestion): AsyncGenerator<HeadSeries> {
    const seen = new Set<number>();
    let count = 0;
    for (const matchers of selectors.length === 0 ? [[]] : selectors) {
      for (const series of this.#head.findByTurns(matchers)) {
        if (series === undefined || ++count % SLICE === 0) await pause(signal);
        if (series === undefined) continue;
        if (seen.has(series.ref)) continue;
        if (series.isEmpty || series.lastTimeMs < range.startMs || series.firstMs > range.endMs) {
          continue;
        }
        seen.add(series.ref);
        yield series;
      }
    }
  }
}

function limited(texts: Iterable<string>, limit: number): Limited<string> {
  const items = [...texts].toSorted();
  if (limit === 0 || items.length <= limit) return { items, isCut: false };
  return { items: items.slice(0, limit), isCut: true };
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (signal?.aborted === true) {
    throw new FlxError("FLX_PROMQL_ABORTED", "the question was given up", { cause: signal.reason });
  }
}
