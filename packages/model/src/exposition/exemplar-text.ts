// The exemplar at the end of an OpenMetrics line:   # {trace_id="4bf9"} 0.67 1520879607.789

import type { Exemplar } from "../exemplar.ts";
import { Labels } from "../labels.ts";
import { tokenEnd } from "./blanks.ts";
import { detached } from "./detached.ts";
import type { LineGrammar } from "./grammar.ts";
import { limitCodes, type ExpositionLimits } from "./limits.ts";
import { describeCharacter, describeToken, type LineFault } from "./line-fault.ts";
import { parseNumber } from "./number-text.ts";
import { SeriesText } from "./series-text.ts";
import { parseSeconds } from "./timestamp-text.ts";

const space = 0x20;
const hash = 0x23;

/** Reads exemplars. */
export class ExemplarText {
  readonly #limits: ExpositionLimits;
  readonly #fault: LineFault;
  readonly #labels: SeriesText;

  constructor(grammar: LineGrammar, limits: ExpositionLimits, fault: LineFault) {
    this.#limits = limits;
    this.#fault = fault;
    this.#labels = new SeriesText(grammar, limits, fault);
  }

  /** The exemplar whose `#` stands at `start` and which reaches to `end`; `undefined` and the fault if it is none. */
  read(text: string, start: number, end: number): Exemplar | undefined {
    if (text.charCodeAt(start) !== hash || text.charCodeAt(start + 1) !== space) {
      const what = describeToken(text, start, end);
      return this.#fail(start, `expected an exemplar ("# {...} value"), found ${what}`);
    }
    // The labels are cut out first, so that a kept exemplar does not keep the block it was read from.
    const own = detached(text.slice(start + 2, end));
    const labelsEnd = this.#labels.readLabels(own, 0, own.length);
    if (labelsEnd < 0) {
      this.#fault.at += start + 2;
      return undefined;
    }
    if (!this.#shortEnough(start)) return undefined;
    return this.#readNumbers(text, start + 2 + labelsEnd, end);
  }

  #readNumbers(text: string, start: number, end: number): Exemplar | undefined {
    if (start >= end || text.charCodeAt(start) !== space) {
      const what = describeCharacter(text, start, end);
      return this.#fail(start, `expected one space before the exemplar's value, found ${what}`);
    }
    const valueEnd = tokenEnd(text, start + 1, end);
    const value = parseNumber(text, start + 1, valueEnd);
    if (value === undefined) {
      return this.#fail(
        start + 1,
        `${describeToken(text, start + 1, valueEnd)} is not an exemplar's value`,
      );
    }
    const labels = Labels.fromSortedPairs(this.#labels.pairs);
    if (valueEnd === end) return { labels, value };
    const timestampMs =
      text.charCodeAt(valueEnd) === space ? parseSeconds(text, valueEnd + 1, end) : undefined;
    if (timestampMs === undefined) {
      return this.#fail(
        valueEnd + 1,
        `${describeToken(text, valueEnd + 1, end)} is not an exemplar's timestamp in seconds`,
      );
    }
    return { labels, value, timestampMs };
  }

  #shortEnough(at: number): boolean {
    const { maxExemplarLength } = this.#limits;
    if (exemplarLength(this.#labels.pairs) <= maxExemplarLength) return true;
    this.#fault.fail(
      limitCodes.maxExemplarLength,
      at,
      `the exemplar's labels have more than ${maxExemplarLength} characters (maxExemplarLength)`,
    );
    return false;
  }

  #fail(at: number, reason: string): undefined {
    this.#fault.fail("FLX_EXPOSITION_EXEMPLAR", at, reason);
  }
}

/** Code points of all names and values together, which OpenMetrics limits to 128. */
export function exemplarLength(pairs: readonly string[]): number {
  let length = 0;
  for (const text of pairs) {
    // oxlint-disable-next-line no-unused-vars -- counting code points is what iterating a string does
    for (const _ of text) length++;
  }
  return length;
}
