// Lines that start with #: TYPE, HELP, UNIT, EOF, and the comments of format 0.0.4.
//
//   0.0.4          # HELP name text ...      blanks anywhere, even none after "#"; anything else is a comment
//                  # TYPE name type          exactly one word
//   OpenMetrics    # HELP name text ...      exactly these spaces; nothing else may start with #
//                  # UNIT name unit
//                  # EOF

import { skipBlanks, tokenEnd } from "./blanks.ts";
import type { LineGrammar } from "./grammar.ts";
import { limitCodes, type ExpositionLimits } from "./limits.ts";
import { describeCharacter, describeToken, type LineFault } from "./line-fault.ts";
import { metricNameEnd } from "./name-text.ts";
import { QuotedText, unescape } from "./quoted-text.ts";

/** The kinds of metadata. */
export type MetadataKind = "TYPE" | "HELP" | "UNIT";

const space = 0x20;
const tab = 0x09;
const quote = 0x22;

/** Reads the lines that start with `#`; `name` and `text` hold the last metadata. */
export class MetadataLine {
  name = "";
  /** The type as a `MetricType`, the help, or the unit. */
  text = "";
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

  /** Reads the line whose `#` stands at `start`. */
  read(line: string, start: number, end: number): MetadataKind | "comment" | "eof" | "fault" {
    return this.#grammar.blanks
      ? this.#readText(line, start, end)
      : this.#readOpenMetrics(line, start, end);
  }

  #readText(
    line: string,
    start: number,
    end: number,
  ): Exclude<MetadataKind, "UNIT"> | "comment" | "fault" {
    const wordStart = skipBlanks(line, start + 1, end);
    const wordEnd = tokenEnd(line, wordStart, end);
    if (wordEnd - wordStart !== 4) return "comment";
    const word = line.slice(wordStart, wordEnd);
    if (word !== "TYPE" && word !== "HELP") return "comment";
    const nameStart = skipBlanks(line, wordEnd, end);
    if (nameStart === end) return "comment";
    const nameEnd = this.#readName(line, nameStart, end);
    if (nameEnd < 0) return "fault";
    const rest = skipBlanks(line, nameEnd, end);
    if (word === "TYPE") return this.#readType(line, rest, trimEnd(line, rest, end));
    return this.#readHelp(line, rest, end);
  }

  #readOpenMetrics(
    line: string,
    start: number,
    end: number,
  ): MetadataKind | "comment" | "eof" | "fault" {
    const word = line.slice(start, Math.min(start + 7, end));
    if (end - start === 5 && word === "# EOF") return "eof";
    if (word !== "# TYPE " && word !== "# HELP " && word !== "# UNIT ") {
      this.#fault.fail(
        "FLX_EXPOSITION_SYNTAX",
        start,
        'expected "# TYPE ", "# HELP ", "# UNIT " or "# EOF"; OpenMetrics has no comments',
      );
      return "fault";
    }
    const nameEnd = this.#readName(line, start + 7, end);
    if (nameEnd < 0) return "fault";
    if (nameEnd >= end || line.charCodeAt(nameEnd) !== space) {
      const what = describeCharacter(line, nameEnd, end);
      this.#fault.fail(
        "FLX_EXPOSITION_SYNTAX",
        nameEnd,
        `expected one space after the name, found ${what}`,
      );
      return "fault";
    }
    if (word === "# TYPE ") return this.#readType(line, nameEnd + 1, end);
    if (word === "# HELP ") return this.#readHelp(line, nameEnd + 1, end);
    return this.#readUnit(line, nameEnd + 1, end);
  }

  #readName(line: string, start: number, end: number): number {
    let after: number;
    if (start < end && line.charCodeAt(start) === quote) {
      after = this.#quoted.read(line, start, end);
      if (after < 0) return -1;
      this.name = this.#quoted.value;
    } else {
      after = metricNameEnd(line, start, end);
      this.name = line.slice(start, after);
    }
    const next = after < end ? line.charCodeAt(after) : space;
    if (this.name === "" || (next !== space && next !== tab)) {
      const what = this.name === "" ? "an empty name" : describeCharacter(line, after, end);
      return this.#fault.fail(
        "FLX_EXPOSITION_NAME",
        after,
        `${what} cannot stand in a metric name here; such names are written in double quotes`,
      );
    }
    if (this.name.length > this.#limits.maxNameLength) {
      return this.#fault.fail(
        limitCodes.maxNameLength,
        start,
        `a metric name has more than ${this.#limits.maxNameLength} characters (maxNameLength)`,
      );
    }
    return after;
  }

  #readType(line: string, start: number, end: number): "TYPE" | "fault" {
    const type = this.#grammar.types.get(line.slice(start, end));
    if (type !== undefined) {
      this.text = type;
      return "TYPE";
    }
    const known = [...this.#grammar.types.keys()].join(", ");
    this.#fault.fail(
      "FLX_EXPOSITION_METADATA",
      start,
      `${describeToken(line, start, end)} is not a type of this format (${known})`,
    );
    return "fault";
  }

  #readHelp(line: string, start: number, end: number): "HELP" | "fault" {
    const help = unescape(line, start, end, this.#grammar, this.#fault);
    if (help === undefined) return "fault";
    this.text = help;
    return "HELP";
  }

  #readUnit(line: string, start: number, end: number): "UNIT" | "fault" {
    this.text = line.slice(start, end);
    // A unit has the characters of a name, and may start with any of them.
    if (metricNameEnd(`_${this.text}`, 0, end - start + 1) === end - start + 1) return "UNIT";
    this.#fault.fail(
      "FLX_EXPOSITION_UNIT",
      start,
      `${describeToken(line, start, end)} is not a unit (letters, digits, _ and :)`,
    );
    return "fault";
  }
}

function trimEnd(line: string, start: number, end: number): number {
  let at = end;
  while (at > start && (line.charCodeAt(at - 1) === space || line.charCodeAt(at - 1) === tab)) at--;
  return at;
}
