// The strict reader of a series as it stands in a line, and of an exemplar's labels.
//
//   http_requests_total{method="GET",path="/a\"b"}      name, then labels
//   {"http.requests","http.method"="GET"}               a name that needs quotes stands first inside the braces
//   {trace_id="4bf9"}                                    an exemplar: labels only
//
// The labels come out sorted, with no name twice, none empty and none called __name__: ready for
// `Labels.fromSortedPairs`.

import { METRIC_NAME } from "../labels.ts";
import { compareUtf8 } from "../text-order.ts";
import { skipBlanks } from "./blanks.ts";
import type { LineGrammar } from "./grammar.ts";
import { limitCodes, type ExpositionLimits } from "./limits.ts";
import { describeCharacter, type LineFault } from "./line-fault.ts";
import { labelNameEnd, metricNameEnd } from "./name-text.ts";
import { QuotedText } from "./quoted-text.ts";

const space = 0x20;
const tab = 0x09;
const quote = 0x22;
const comma = 0x2c;
const equals = 0x3d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Reads series texts; `name` and `pairs` hold the last one. */
export class SeriesText {
  /** The metric name. */
  name = "";
  /** Flat list of label names and values, sorted by name. A new list each time; it may be kept. */
  pairs: string[] = [];
  readonly #grammar: LineGrammar;
  readonly #limits: ExpositionLimits;
  readonly #fault: LineFault;
  readonly #quoted: QuotedText;

  constructor(grammar: LineGrammar, limits: ExpositionLimits, fault: LineFault) {
    this.#grammar = grammar;
    this.#limits = limits;
    this.#fault = fault;
    this.#quoted = new QuotedText(grammar, fault);
  }

  /** Reads `name`, `name{labels}` or `{"name",labels}` at `start`; returns the offset after it, or -1. */
  readSeries(text: string, start: number, end: number): number {
    this.name = "";
    this.pairs = [];
    if (text.charCodeAt(start) === openBrace) return this.#readBraces(text, start, end, true);

    const nameEnd = metricNameEnd(text, start, end);
    if (nameEnd === start) {
      const what = describeCharacter(text, start, end);
      return this.#fault.fail(
        "FLX_EXPOSITION_NAME",
        start,
        `a metric name cannot start with ${what}`,
      );
    }
    if (!this.#keepName(text.slice(start, nameEnd), start)) return -1;

    const next = this.#skip(text, nameEnd, end);
    const code = next < end ? text.charCodeAt(next) : space;
    if (code === openBrace) return this.#readBraces(text, next, end, false);
    if (next === nameEnd && code !== space && code !== tab) {
      const what = describeCharacter(text, nameEnd, end);
      return this.#fault.fail(
        "FLX_EXPOSITION_NAME",
        nameEnd,
        `${what} cannot stand in a metric name; such names are written {"name"}`,
      );
    }
    return nameEnd;
  }

  /** Reads `{labels}` at `start`, where no metric name may stand; returns the offset after it, or -1. */
  readLabels(text: string, start: number, end: number): number {
    this.name = "";
    this.pairs = [];
    if (text.charCodeAt(start) !== openBrace) {
      const what = describeCharacter(text, start, end);
      return this.#fault.fail("FLX_EXPOSITION_SYNTAX", start, `expected "{", found ${what}`);
    }
    return this.#readBraces(text, start, end, false);
  }

  #skip(text: string, at: number, end: number): number {
    return this.#grammar.blanks ? skipBlanks(text, at, end) : at;
  }

  #readBraces(text: string, start: number, end: number, nameInside: boolean): number {
    let at = this.#skip(text, start + 1, end);
    let nameWanted = nameInside;
    let commaSeen = false;
    while (at >= 0) {
      if (text.charCodeAt(at) === closeBrace && at < end) {
        if (nameWanted) {
          return this.#fault.fail("FLX_EXPOSITION_NAME", at, "the line has no metric name");
        }
        if (commaSeen && !this.#grammar.trailingComma) {
          return this.#fault.fail("FLX_EXPOSITION_SYNTAX", at, 'a "," before "}" is not allowed');
        }
        return this.#sortLabels(start) ? at + 1 : -1;
      }
      at = nameWanted ? this.#readQuotedName(text, at, end) : this.#readLabel(text, at, end);
      if (at < 0) return -1;
      nameWanted = false;
      at = this.#skip(text, at, end);
      commaSeen = at < end && text.charCodeAt(at) === comma;
      if (commaSeen) {
        at = this.#skip(text, at + 1, end);
      } else if (at >= end || text.charCodeAt(at) !== closeBrace) {
        const what = describeCharacter(text, at, end);
        return this.#fault.fail(
          "FLX_EXPOSITION_SYNTAX",
          at,
          `expected "," or "}" after a label, found ${what}`,
        );
      }
    }
    return -1;
  }

  #readQuotedName(text: string, start: number, end: number): number {
    if (text.charCodeAt(start) !== quote || start >= end) {
      const what = describeCharacter(text, start, end);
      return this.#fault.fail(
        "FLX_EXPOSITION_NAME",
        start,
        `expected the metric name in quotes first inside the braces, found ${what}`,
      );
    }
    const after = this.#quoted.read(text, start, end);
    if (after < 0) return -1;
    return this.#keepName(this.#quoted.value, start) ? after : -1;
  }

  #readLabel(text: string, start: number, end: number): number {
    const afterName = this.#readLabelName(text, start, end);
    if (afterName < 0) return -1;
    const name = this.#labelName;
    let at = this.#skip(text, afterName, end);
    if (at >= end || text.charCodeAt(at) !== equals) {
      const what = describeCharacter(text, at, end);
      return this.#fault.fail(
        "FLX_EXPOSITION_SYNTAX",
        at,
        `expected "=" after label ${JSON.stringify(name)}, found ${what}`,
      );
    }
    at = this.#skip(text, at + 1, end);
    if (at >= end || text.charCodeAt(at) !== quote) {
      const what = describeCharacter(text, at, end);
      return this.#fault.fail(
        "FLX_EXPOSITION_SYNTAX",
        at,
        `the value of label ${JSON.stringify(name)} must be in double quotes, found ${what}`,
      );
    }
    const after = this.#quoted.read(text, at, end);
    if (after < 0) return -1;
    return this.#keepLabel(name, this.#quoted.value, start, at) ? after : -1;
  }

  #labelName = "";

  #readLabelName(text: string, start: number, end: number): number {
    if (start < end && text.charCodeAt(start) === quote) {
      const after = this.#quoted.read(text, start, end);
      this.#labelName = this.#quoted.value;
      if (after >= 0 && this.#labelName === "") {
        return this.#fault.fail("FLX_EXPOSITION_LABEL", start, "a label name is empty");
      }
      return after;
    }
    const after = labelNameEnd(text, start, end);
    if (after === start) {
      const what = describeCharacter(text, start, end);
      return this.#fault.fail(
        "FLX_EXPOSITION_LABEL",
        start,
        `expected a label name, found ${what}`,
      );
    }
    this.#labelName = text.slice(start, after);
    return after;
  }

  #keepName(name: string, at: number): boolean {
    if (name === "") {
      this.#fault.fail("FLX_EXPOSITION_NAME", at, "the metric name is empty");
      return false;
    }
    this.name = name;
    if (name.length <= this.#limits.maxNameLength) return true;
    return this.#overLimit("maxNameLength", at, "a metric name");
  }

  #keepLabel(name: string, value: string, nameAt: number, valueAt: number): boolean {
    if (name === METRIC_NAME) {
      this.#fault.fail("FLX_EXPOSITION_LABEL", nameAt, `label ${METRIC_NAME} is the metric name`);
      return false;
    }
    this.pairs.push(name, value);
    const { maxNameLength, maxValueLength, maxLabels } = this.#limits;
    if (name.length > maxNameLength) {
      return this.#overLimit("maxNameLength", nameAt, "a label name");
    }
    if (value.length > maxValueLength) {
      return this.#overLimit("maxValueLength", valueAt, "a label value");
    }
    if (this.pairs.length > 2 * maxLabels) {
      return this.#overLimit("maxLabels", nameAt, "a label set");
    }
    return true;
  }

  #overLimit(
    limit: "maxNameLength" | "maxValueLength" | "maxLabels",
    at: number,
    what: string,
  ): false {
    const unit = limit === "maxLabels" ? "labels" : "characters";
    this.#fault.fail(
      limitCodes[limit],
      at,
      `${what} has more than ${this.#limits[limit]} ${unit} (${limit})`,
    );
    return false;
  }

  /** Sorts by insertion (exposers keep one order, so it is mostly sorted, and short); refuses a name given twice. */
  #sortLabels(start: number): boolean {
    const { pairs } = this;
    let empty = false;
    for (let i = 0; i < pairs.length; i += 2) {
      const name = pairs[i]!;
      const value = pairs[i + 1]!;
      if (value === "") empty = true;
      let at = i;
      while (at > 0) {
        const order = compareUtf8(pairs[at - 2]!, name);
        if (order < 0) break;
        if (order === 0) {
          this.#fault.fail(
            "FLX_EXPOSITION_LABEL",
            start,
            `label ${JSON.stringify(name)} is given twice`,
          );
          return false;
        }
        pairs[at] = pairs[at - 2]!;
        pairs[at + 1] = pairs[at - 1]!;
        at -= 2;
      }
      pairs[at] = name;
      pairs[at + 1] = value;
    }
    if (empty) this.pairs = withoutEmpty(pairs);
    return true;
  }
}

/** A label with an empty value is the same as no label. */
function withoutEmpty(pairs: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i + 1] !== "") kept.push(pairs[i]!, pairs[i + 1]!);
  }
  return kept;
}
