// The fast layer: bytes in, lines out. It knows what one line may look like and nothing of what lines mean together.
//
//   push(chunk) ─ LineSplitter ─ line ─┬─ # TYPE, # HELP ...   sink.metadata()   (MetadataLine)
//                                      ├─ # anything           sink.comment()
//                                      └─ sample               sink.find(text) ── known ──────────┐
//                                           http_requests_total{method="GET"} 5 1395066363000     │
//                                           └───────────────┬───────────────┘ │  sink.sample(series, 5, ...)
//                                                          text               │
//                                                 not known: SeriesText reads it strictly, then sink.open()
//
// A scraper sees the same series texts again and again. It keeps a SeriesCache and answers `find()` from it; then a
// line costs the search for its end, a comparison of the text and the reading of the number. Labels are read, checked
// and sorted only for a text not found, and `open()` is asked only when the rest of the line is right too.
//
// Where does the text end without reading labels? A label value may hold braces and blanks. Guess: after the last
// "}" of the line (without one: before the first blank). If `find` knows the guess, it is right: a known text was
// read strictly once, and reading goes from left to right, so a line that begins with it begins with that series.
// If it does not, the text is read strictly, and asked for once more if it ends elsewhere (exemplars have braces).
//
// `open()` gets a text in memory of its own (detached.ts), which may be kept as a key.
//
// Cost: 0.2 to 0.3 microseconds for a line of 90 characters whose series is known, through SeriesCache; through a plain
// Map about twice that. See benchmarks/src/suites/exposition.ts.

import type { Exemplar } from "../exemplar.ts";
import { Labels } from "../labels.ts";
import type { UnixMs } from "../units.ts";
import { skipBlanks, tokenEnd } from "./blanks.ts";
import { detached } from "./detached.ts";
import { ExemplarText } from "./exemplar-text.ts";
import type { ExpositionFormat } from "./format.ts";
import { lineGrammars, type LineGrammar } from "./grammar.ts";
import { DEFAULT_EXPOSITION_LIMITS, limitCodes, type ExpositionLimits } from "./limits.ts";
import { describeCharacter, describeToken, LineFault } from "./line-fault.ts";
import { LineSplitter } from "./line-splitter.ts";
import { MetadataLine, type MetadataKind } from "./metadata-line.ts";
import { parseDecimal, parseNumber } from "./number-text.ts";
import {
  excerptOf,
  ProblemList,
  type ExpositionProblem,
  type ExpositionProblemCode,
} from "./problem.ts";
import { SeriesText } from "./series-text.ts";
import { parseMilliseconds, parseSeconds } from "./timestamp-text.ts";
import { utf8Length } from "./utf8.ts";

const space = 0x20;
const hash = 0x23;
const closeBrace = 0x7d;

/** What receives the lines. `Series` is whatever stands for a series at the receiver. */
export interface ExpositionSink<Series> {
  /** The series of a text seen before, or `undefined`. The text must not be kept (see `open`). */
  find(text: string): Series | undefined;
  /**
   * A series not found.
   *
   * @param text   the series as it stands in the line, `name{labels}`; may be kept
   * @param name   the metric name
   * @param labels without the name
   */
  open(text: string, name: string, labels: Labels): Series;
  /** One sample. The timestamp and the exemplar are there when the line has them. */
  sample(
    series: Series,
    value: number,
    timestampMs: UnixMs | undefined,
    exemplar: Exemplar | undefined,
  ): void;
  /**
   * A TYPE, HELP or UNIT line.
   *
   * @param text the type as a `MetricType` (0.0.4's `untyped` is `unknown`), the help text, or the unit
   */
  metadata?(kind: MetadataKind, name: string, text: string): void;
  /** A comment of format 0.0.4, from `#` to the end of the line. */
  comment?(text: string): void;
}

/** How to read. */
export interface ExpositionReadOptions {
  readonly format: ExpositionFormat;
  /** Limits that differ from `DEFAULT_EXPOSITION_LIMITS`. */
  readonly limits?: Partial<ExpositionLimits>;
}

/** Reads one text of either format line by line, in chunks of any size. */
export class ExpositionLineParser<Series> {
  /** The line being read, or read last; counted from 1. */
  line = 0;
  /** Samples handed to the sink. */
  samples = 0;

  readonly #sink: ExpositionSink<Series>;
  readonly #limits: ExpositionLimits;
  readonly #problems: ProblemList;
  readonly #grammar: LineGrammar;
  readonly #openMetrics: boolean;
  readonly #splitter: LineSplitter;
  readonly #fault = new LineFault();
  readonly #series: SeriesText;
  readonly #metadata: MetadataLine;
  readonly #exemplars: ExemplarText;

  #seenBytes = 0;
  #ended = false;
  #eofSeen = false;
  // The line being read: its text, its borders, and its value.
  #text = "";
  #start = 0;
  #end = 0;
  #valueStart = 0;
  #valueEnd = 0;

  constructor(sink: ExpositionSink<Series>, options: ExpositionReadOptions) {
    this.#sink = sink;
    this.#limits = { ...DEFAULT_EXPOSITION_LIMITS, ...options.limits };
    this.#problems = new ProblemList(this.#limits.maxProblems);
    this.#grammar = lineGrammars[options.format];
    this.#openMetrics = options.format === "openmetrics";
    this.#series = new SeriesText(this.#grammar, this.#limits, this.#fault);
    this.#metadata = new MetadataLine(this.#grammar, this.#limits, this.#fault);
    this.#exemplars = new ExemplarText(this.#grammar, this.#limits, this.#fault);
    this.#splitter = new LineSplitter(
      {
        lines: (block) => this.#lines(block),
        badLine: (code, column, reason, excerpt) => {
          if (this.#ended) return;
          this.line++;
          if (this.#afterEof()) return;
          this.#problems.add({ code, line: this.line, column, reason, excerpt });
        },
      },
      this.#limits,
    );
  }

  /** The problems so far, at most `maxProblems`. */
  get problems(): readonly ExpositionProblem[] {
    return this.#problems.kept;
  }

  /** How many problems there were, also those not kept. */
  get problemCount(): number {
    return this.#problems.count;
  }

  /** The limits in force. */
  get limits(): ExpositionLimits {
    return this.#limits;
  }

  /**
   * Reads the next bytes; chunks may end anywhere, inside a character too. The chunk is not kept.
   *
   * @returns false when the reading has ended (a hard limit, or something after `# EOF`): the rest changes nothing
   */
  push(chunk: Uint8Array): boolean {
    if (this.#ended) return false;
    const left = this.#limits.maxBytes - this.#seenBytes;
    this.#seenBytes += chunk.length;
    if (chunk.length <= left) {
      this.#splitter.push(chunk);
      return !this.#ended;
    }
    this.#splitter.push(chunk.subarray(0, left));
    if (!this.#ended)
      this.#stop("maxBytes", `the text is longer than ${this.#limits.maxBytes} bytes`);
    return false;
  }

  /** Says that the text is complete. Later calls do nothing. */
  end(): void {
    if (this.#ended) return;
    const rest = this.#splitter.takeRest();
    if (rest !== undefined) this.#lastLine(rest.text, rest.excerpt);
    if (!this.#ended && this.#openMetrics && !this.#eofSeen) {
      this.#problems.add({
        code: "FLX_EXPOSITION_EOF",
        line: this.line + 1,
        column: 1,
        reason: 'the text does not end with "# EOF"; it may have been cut short',
        excerpt: "",
      });
    }
    this.#ended = true;
  }

  /**
   * Reports a problem of the line being read, for sinks with rules of their own.
   *
   * @param line the line to blame, when it is an earlier one
   */
  report(code: ExpositionProblemCode, reason: string, line: number = this.line): void {
    if (!this.#problems.hasRoom) {
      this.#problems.skip();
      return;
    }
    const excerpt = line === this.line ? excerptOf(this.#text, this.#start, this.#end) : "";
    this.#problems.add({ code, line, column: 1, reason, excerpt });
  }

  /** Ends the reading because a hard limit is reached, for sinks that keep one. */
  stop(limit: "maxFamilies", reason: string): void {
    this.#stop(limit, reason);
  }

  /**
   * Inside `sink.sample()`: the value as a time in seconds, in milliseconds (for `_created`), without rounding twice;
   * `undefined` when it is not finite.
   */
  valueAsMs(): UnixMs | undefined {
    return parseSeconds(this.#text, this.#valueStart, this.#valueEnd);
  }

  #stop(limit: "maxBytes" | "maxSamples" | "maxFamilies", reason: string): void {
    this.#ended = true;
    this.#problems.add({
      code: limitCodes[limit],
      line: this.line,
      column: 1,
      reason: `${reason} (${limit}); reading stopped here`,
      excerpt: excerptOf(this.#text, this.#start, this.#end),
    });
  }

  #lines(block: string): void {
    const { maxLineBytes } = this.#limits;
    let start = 0;
    while (start < block.length && !this.#ended) {
      const end = block.indexOf("\n", start);
      // A code unit is at most three bytes, so most lines need no counting.
      if ((end - start) * 3 > maxLineBytes && utf8Length(block, start, end) > maxLineBytes) {
        this.#splitter.reportLong(new TextEncoder().encode(block.slice(start, end)));
      } else {
        this.line++;
        this.#oneLine(block, start, end);
      }
      start = end + 1;
    }
    // Nothing of the block is kept alive by the parser.
    this.#text = "";
    this.#start = 0;
    this.#end = 0;
  }

  #lastLine(text: string | undefined, excerpt: string): void {
    this.line++;
    if (this.#afterEof()) return;
    if (this.#openMetrics && text === "# EOF") {
      this.#eofSeen = true;
      return;
    }
    this.#problems.add({
      code: "FLX_EXPOSITION_TRUNCATED",
      line: this.line,
      column: 1,
      reason: "the last line has no line feed; it may have been cut short and is not used",
      excerpt,
    });
  }

  /** Whether something stands after `# EOF`, which is a problem and ends the reading. */
  #afterEof(): boolean {
    if (!this.#eofSeen) return false;
    this.#ended = true;
    this.#problems.add({
      code: "FLX_EXPOSITION_EOF",
      line: this.line,
      column: 1,
      reason: 'nothing may stand after "# EOF"',
      excerpt: "",
    });
    return true;
  }

  #oneLine(text: string, start: number, end: number): void {
    this.#text = text;
    this.#start = start;
    this.#end = end;
    if (this.#openMetrics) {
      if (this.#eofSeen) this.#afterEof();
      else if (text.charCodeAt(start) === hash) this.#metadataLine(start);
      else if (start === end) this.#bad("FLX_EXPOSITION_SYNTAX", start, "an empty line");
      else this.#sampleLine(text, start, end);
      return;
    }
    const first = skipBlanks(text, start, end);
    if (first === end) return;
    if (text.charCodeAt(first) === hash) this.#metadataLine(first);
    else this.#sampleLine(text, first, end);
  }

  #metadataLine(start: number): void {
    const kind = this.#metadata.read(this.#text, start, this.#end);
    switch (kind) {
      case "fault":
        this.#badFault();
        return;
      case "eof":
        this.#eofSeen = true;
        return;
      case "comment":
        this.#sink.comment?.(this.#text.slice(start, this.#end));
        return;
      case "TYPE":
      case "HELP":
      case "UNIT":
        this.#sink.metadata?.(kind, this.#metadata.name, this.#metadata.text);
        return;
      default:
        kind satisfies never;
    }
  }

  #sampleLine(text: string, start: number, end: number): void {
    let seriesEnd = likelySeriesEnd(text, start, end);
    let series = this.#sink.find(text.slice(start, seriesEnd));
    let own = "";
    if (series === undefined) {
      // Labels are cut from a copy, so that whoever keeps them does not keep the block.
      own = detached(text.slice(start, seriesEnd));
      const length = this.#series.readSeries(own, 0, own.length);
      if (length < 0) {
        this.#badSeries(text, start, end);
        return;
      }
      if (length < own.length) {
        own = detached(own.slice(0, length));
        series = this.#sink.find(own);
        seriesEnd = start + length;
      }
    }

    const valueStart = this.#afterSeparator(seriesEnd);
    if (valueStart < 0) return;
    const valueEnd = this.#tokenEnd(valueStart);
    const value = parseNumber(text, valueStart, valueEnd);
    if (value === undefined) {
      this.#badValue(valueStart, valueEnd);
      return;
    }
    this.#valueStart = valueStart;
    this.#valueEnd = valueEnd;

    let timestampMs: UnixMs | undefined;
    let exemplar: Exemplar | undefined;
    if (valueEnd < end) {
      const at = this.#afterSeparator(valueEnd);
      if (at < 0) return;
      if (at < end || this.#openMetrics) {
        const { timestamp, after } = this.#readTimestamp(at);
        if (after < 0) return;
        timestampMs = timestamp;
        if (after < end) {
          exemplar = this.#readExemplar(after);
          if (exemplar === undefined) return;
        }
      }
    }

    if (this.samples >= this.#limits.maxSamples) {
      this.#stop("maxSamples", `the text has more than ${this.#limits.maxSamples} samples`);
      return;
    }
    this.samples++;
    if (series === undefined) {
      const labels = Labels.fromSortedPairs(this.#series.pairs);
      series = this.#sink.open(own, this.#series.name, labels);
    }
    this.#sink.sample(series, value, timestampMs, exemplar);
  }

  /** Reads a wrong series again where it stands: the copy may have been cut too short to say what is wrong. */
  #badSeries(text: string, start: number, end: number): void {
    if (this.#series.readSeries(text, start, end) < 0) {
      this.#badFault();
      return;
    }
    // Not reached: what is read of a line does not depend on what stands after it.
    this.#bad("FLX_EXPOSITION_SYNTAX", start, "the series cannot be read");
  }

  /** The offset after what separates two tokens: blanks, or one space in OpenMetrics; -1 when it is not there. */
  #afterSeparator(at: number): number {
    if (!this.#openMetrics) return skipBlanks(this.#text, at, this.#end);
    if (at < this.#end && this.#text.charCodeAt(at) === space) return at + 1;
    const what = describeCharacter(this.#text, at, this.#end);
    this.#bad("FLX_EXPOSITION_SYNTAX", at, `expected one space, found ${what}`);
    return -1;
  }

  #tokenEnd(start: number): number {
    return tokenEnd(this.#text, start, this.#end);
  }

  /** Reads the timestamp at `start`, if there is one; `after` is where an exemplar or the end stands, or -1. */
  #readTimestamp(start: number): { timestamp: UnixMs | undefined; after: number } {
    const text = this.#text;
    const end = this.#end;
    if (this.#openMetrics && text.charCodeAt(start) === hash && start < end) {
      return { timestamp: undefined, after: start };
    }
    const tokenEndAt = this.#tokenEnd(start);
    const timestamp = this.#openMetrics
      ? parseSeconds(text, start, tokenEndAt)
      : parseMilliseconds(text, start, tokenEndAt);
    if (timestamp === undefined) {
      this.#badTimestamp(start, tokenEndAt);
      return { timestamp, after: -1 };
    }
    const after = tokenEndAt < end ? this.#afterSeparator(tokenEndAt) : end;
    if (after === end && tokenEndAt < end && this.#openMetrics) {
      this.#bad("FLX_EXPOSITION_SYNTAX", tokenEndAt, "a space at the end of the line");
      return { timestamp, after: -1 };
    }
    return { timestamp, after };
  }

  #readExemplar(start: number): Exemplar | undefined {
    if (!this.#openMetrics) {
      const what = describeToken(this.#text, start, this.#end);
      this.#bad("FLX_EXPOSITION_SYNTAX", start, `${what} stands after the timestamp`);
      return undefined;
    }
    const exemplar = this.#exemplars.read(this.#text, start, this.#end);
    if (exemplar === undefined) this.#badFault();
    return exemplar;
  }

  #badValue(start: number, end: number): void {
    const token = describeToken(this.#text, start, end);
    const reason =
      start === end
        ? "the line has no value"
        : parseDecimal(this.#text, start, end, -10_000) === undefined
          ? `${token} is not a number`
          : `${token} is larger than a 64-bit float can hold`;
    this.#bad("FLX_EXPOSITION_VALUE", start, reason);
  }

  #badTimestamp(start: number, end: number): void {
    const token = describeToken(this.#text, start, end);
    const unit = this.#openMetrics ? "seconds as a decimal number" : "whole milliseconds";
    this.#bad("FLX_EXPOSITION_TIMESTAMP", start, `${token} is not a timestamp in ${unit}`);
  }

  #badFault(): void {
    this.#bad(this.#fault.code, this.#fault.at, this.#fault.reason);
  }

  #bad(code: ExpositionProblemCode, at: number, reason: string): void {
    if (!this.#problems.hasRoom) {
      this.#problems.skip();
      return;
    }
    this.#problems.add({
      code,
      line: this.line,
      column: at - this.#start + 1,
      reason,
      excerpt: excerptOf(this.#text, this.#start, this.#end),
    });
  }
}

/** After the last closing brace of the line; without one, before the first blank. */
function likelySeriesEnd(text: string, start: number, end: number): number {
  for (let at = end - 1; at >= start; at--) {
    if (text.charCodeAt(at) === closeBrace) return at + 1;
  }
  return tokenEnd(text, start, end);
}
