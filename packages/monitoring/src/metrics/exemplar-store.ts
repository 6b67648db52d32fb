// The newest exemplar of each series (or bucket) that has one.

import {
  type Exemplar,
  type FlxErrorCode,
  formatNumber,
  formatSeconds,
  isLegacyLabelName,
  Labels,
  type UnixMs,
} from "@flx/model/write";
import { labelString, wireText } from "./label-values.ts";
import { labelText } from "./series-text.ts";

/** OpenMetrics 1.0: names and values of an exemplar's labels together have at most so many characters. */
const MAX_CHARACTERS = 128;

/** Exemplars by position: a row, or a row's bucket. */
export class ExemplarStore {
  readonly #exemplars = new Map<number, Exemplar>();
  /** By position, the interval in which an automatic exemplar was taken last. */
  #takenIn = new Uint8Array(8);
  /** Whether a label was ever kept whose name is outside the classic characters. */
  oddNames = false;
  /** Positions that were put since this was emptied; kept only when somebody asks for it by setting it. */
  changed: Set<number> | undefined;

  /**
   * Keeps an exemplar.
   *
   * @returns what is wrong with its labels, or `undefined`
   */
  put(
    position: number,
    labels: Readonly<Record<string, unknown>>,
    value: number,
    timestampMs: UnixMs,
  ): { code: FlxErrorCode; message: string } | undefined {
    const pairs: [string, string][] = [];
    let characters = 0;
    for (const [name, given] of Object.entries(labels)) {
      const text = labelString(given);
      if (text === undefined || name === "" || !name.isWellFormed()) {
        return {
          code: "FLX_METRIC_EXEMPLAR",
          message: `exemplar label ${JSON.stringify(name)} has no text`,
        };
      }
      pairs.push([name, wireText(text)]);
      this.oddNames ||= !isLegacyLabelName(name);
      characters += codePoints(name) + codePoints(wireText(text));
    }
    if (characters > MAX_CHARACTERS) {
      return {
        code: "FLX_METRIC_EXEMPLAR",
        message: `the labels of an exemplar have ${characters} characters, at most ${MAX_CHARACTERS} are allowed`,
      };
    }
    this.#exemplars.set(position, { labels: Labels.from(pairs), value, timestampMs });
    this.changed?.add(position);
    return undefined;
  }

  /** Keeps an exemplar that another store had, unless there is a newer one. */
  take(position: number, exemplar: Exemplar): void {
    const before = this.#exemplars.get(position);
    if ((before?.timestampMs ?? -Infinity) >= (exemplar.timestampMs ?? 0)) return;
    this.#exemplars.set(position, exemplar);
    this.changed?.add(position);
    for (const [name] of exemplar.labels) this.oddNames ||= !isLegacyLabelName(name);
  }

  /** The positions that have an exemplar. */
  positions(): Iterable<number> {
    return this.#exemplars.keys();
  }

  get(position: number): Exemplar | undefined {
    return this.#exemplars.get(position);
  }

  /** Whether one of some positions, from the first to before the last, has an exemplar. */
  hasAny(from: number, to: number): boolean {
    for (let position = from; position < to; position++) {
      if (this.#exemplars.has(position)) return true;
    }
    return false;
  }

  delete(position: number): void {
    this.#exemplars.delete(position);
    if (position < this.#takenIn.length) this.#takenIn[position] = 0;
  }

  /** Whether a position had its automatic exemplar in an interval (exemplar-source.ts). */
  isTaken(position: number, interval: number): boolean {
    return this.#takenIn[position] === interval;
  }

  /** Says that it had. */
  setTaken(position: number, interval: number): void {
    if (position >= this.#takenIn.length) {
      const grown = new Uint8Array(Math.max(position + 1, this.#takenIn.length * 2));
      grown.set(this.#takenIn);
      this.#takenIn = grown;
    }
    this.#takenIn[position] = interval;
  }

  /** ` # {trace_id="4bf9"} 0.5 1520879607.789`, or nothing. */
  text(position: number): string {
    const exemplar = this.#exemplars.get(position);
    if (exemplar === undefined) return "";
    const labels = [...exemplar.labels].map(([name, value]) => labelText(name, value)).join(",");
    const time =
      exemplar.timestampMs === undefined ? "" : ` ${formatSeconds(exemplar.timestampMs)}`;
    return ` # {${labels}} ${formatNumber(exemplar.value)}${time}`;
  }
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
