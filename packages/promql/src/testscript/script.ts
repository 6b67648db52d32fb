// The script language that Prometheus tests its engine with, as commands.
//
//   load 1m                                              data, every minute from time 0
//     my_metric{env="prod"} 5 2+3x2 _ stale
//                                                        (an empty line ends a command)
//   eval instant at 1m sum by (env) (my_metric)          a query
//     expect no_warn                                     what it must say
//     {env="prod"} 2                                     and give
//
//   eval range from 0 to 3m step 1m my_metric
//     my_metric{env="prod"} 5 2 5 8
//
//   clear                                                away with the data
//
// Lines that begin with # are comments. The older forms `eval_fail`, `eval_warn`, `eval_info`, `eval_ordered` and
// `expected_fail_message`, `expected_fail_regexp` are understood.
//
// Source: promql/promqltest/README.md of Prometheus.

import { type Labels, parseDuration } from "@flx/model";
import { RE2JS } from "re2js";
import { PromqlParseError } from "../parse-error.ts";
import { unescape } from "../lex/quote.ts";
import { parseNumber } from "../lex/number.ts";
import { ScriptError } from "./script-error.ts";
import { parseSeriesLabels, parseSeriesLine, type SequenceValue } from "./series-notation.ts";
import { parseStartTimes } from "./start-times.ts";

/** `load 30s`, and its series. */
export interface LoadCommand {
  readonly kind: "load";
  readonly line: number;
  readonly stepMs: number;
  /** Classic histograms are loaded as native ones with custom bounds, too. */
  readonly withNhcb: boolean;
  readonly series: readonly LoadedSeries[];
}

/** A series of a `load` command; position i is at i times the step. */
export interface LoadedSeries {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
  /** Relative to the sample, ms. */
  readonly startTimesMs: readonly (number | undefined)[] | undefined;
}

/** `clear`. */
export interface ClearCommand {
  readonly kind: "clear";
  readonly line: number;
}

/** How a message is compared: as a whole, by a pattern, or (no condition given) any will do. */
export type MessageMatch =
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "pattern"; readonly text: string; readonly pattern: RE2JS }
  | { readonly kind: "any" };

/** What a query must say besides its result. */
export interface Expectations {
  readonly ordered: boolean;
  /** The query must fail; `any` when no message is asked for. */
  readonly fail: MessageMatch | undefined;
  readonly warn: readonly MessageMatch[];
  readonly info: readonly MessageMatch[];
  readonly noWarn: boolean;
  readonly noInfo: boolean;
  /** Of `eval_warn`, `eval_info`: at least one, whatever it says. */
  readonly anyWarn: boolean;
  readonly anyInfo: boolean;
}

/** A series that a query must give; `position` counts from 1 in the order written. */
export interface ExpectedSeries {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
  readonly position: number;
}

/** What a query must give. */
export type ExpectedResult =
  | { readonly kind: "series"; readonly series: readonly ExpectedSeries[] }
  | { readonly kind: "scalar"; readonly value: number }
  | { readonly kind: "string"; readonly value: string };

/** The times of a range query, or of an expected range vector. */
export interface TimeGrid {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** `eval instant at ...`, `eval range from ...`. */
export interface EvalCommand {
  readonly kind: "eval";
  readonly line: number;
  readonly query: string;
  /** One time, or the grid of a range query. */
  readonly at:
    | { readonly kind: "instant"; readonly timeMs: number }
    | ({ readonly kind: "range" } & TimeGrid);
  /** Of `expect range vector`: the times of the samples that an instant query must give. */
  readonly rangeVector: TimeGrid | undefined;
  readonly expectations: Expectations;
  readonly result: ExpectedResult;
}

export type Command = LoadCommand | ClearCommand | EvalCommand;

const loadLine = /^load(?:_(with_nhcb))?\s+(.+?)$/;
const instantLine = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const rangeLine =
  /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;
const expectLine = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;
const gridLine = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;

/**
 * The commands of a script.
 *
 * @param file its name, for messages
 * @throws {ScriptError} `FLX_PROMQL_SCRIPT` with the line that is wrong
 */
export function parseScript(text: string, file = "script"): Command[] {
  return new ScriptReader(text, file).commands();
}

class ScriptReader {
  readonly #file: string;
  readonly #lines: readonly string[];
  #at = 0;

  constructor(text: string, file: string) {
    this.#file = file;
    this.#lines = text.split("\n").map((line) => {
      const trimmed = line.trim();
      return trimmed.startsWith("#") ? "" : trimmed;
    });
  }

  commands(): Command[] {
    const commands: Command[] = [];
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at]!;
      if (line === "") continue;
      const word = line.split(/[\t ]/, 1)[0]!.toLowerCase();
      if (word === "clear") commands.push({ kind: "clear", line: this.#at + 1 });
      else if (word.startsWith("load")) commands.push(this.#load(line));
      else if (word.startsWith("eval")) commands.push(this.#eval(line));
      else throw this.#fault(`invalid command "${line}"; commands are load, clear and eval`);
    }
    return commands;
  }

  #load(line: string): LoadCommand {
    const commandLine = this.#at + 1;
    const match = loadLine.exec(line);
    if (match === null) {
      throw this.#fault("invalid load command. (load[_with_nhcb] <step:duration>)");
    }
    const stepMs = this.#duration(match[2]!, "step");
    const series: LoadedSeries[] = [];
    let starts: { labels: Labels; times: (number | undefined)[]; line: number } | undefined;
    for (const body of this.#body()) {
      if (/^\S+@st\s/.test(body)) {
        starts = this.#startTimes(body);
        continue;
      }
      const { labels, values } = this.#series(body);
      if (starts !== undefined && !starts.labels.equals(labels)) {
        throw this.#fault(
          "@st metric does not match the following sample line metric",
          starts.line,
        );
      }
      if (starts !== undefined && starts.times.length !== values.length) {
        throw this.#fault(
          `@st line has ${starts.times.length} values but sample line has ${values.length}`,
          starts.line,
        );
      }
      series.push({ labels, values, startTimesMs: starts?.times });
      starts = undefined;
    }
    if (starts !== undefined) {
      throw this.#fault("@st line has no following sample line", starts.line);
    }
    return { kind: "load", line: commandLine, stepMs, withNhcb: match[1] !== undefined, series };
  }

  #startTimes(body: string): { labels: Labels; times: (number | undefined)[]; line: number } {
    return this.#try(() => {
      const space = body.search(/\s/);
      const { labels } = parseSeriesLabels(body.slice(0, space - "@st".length));
      return { labels, times: parseStartTimes(body.slice(space)), line: this.#at + 1 };
    });
  }

  #eval(line: string): EvalCommand {
    const commandLine = this.#at + 1;
    const instant = instantLine.exec(line);
    const range = instant === null ? rangeLine.exec(line) : null;
    if (instant === null && range === null) {
      throw this.#fault(
        "invalid evaluation command. Must be either 'eval instant at <time> <query>' or 'eval range from <from> to <to> step <step> <query>'",
      );
    }
    const at: EvalCommand["at"] =
      instant === null
        ? { kind: "range", ...this.#grid(range![2]!, range![3]!, range![4]!) }
        : { kind: "instant", timeMs: this.#duration(instant[2] ?? "", "timestamp") };
    const query = instant === null ? range![5]! : instant[3]!;
    const draft = new ExpectationDraft((instant ?? range!)[1]);
    for (const body of this.#body()) {
      if (!this.#expectation(draft, body, instant !== null)) break;
    }
    return {
      kind: "eval",
      line: commandLine,
      query,
      at,
      rangeVector: draft.rangeVector,
      expectations: draft.expectations(),
      result: draft.result(),
    };
  }

  /** One line below `eval`; `false` when it is the last one that counts. */
  #expectation(draft: ExpectationDraft, body: string, isInstant: boolean): boolean {
    const legacy = /^expected_fail_(message|regexp)(.*)$/.exec(body);
    if (draft.mode === "fail" && legacy !== null) {
      const kind = legacy[1] === "message" ? "msg" : "regex";
      draft.fail = this.#message(kind, legacy[2]!);
      return false;
    }
    if (body.startsWith("expect range vector")) {
      const match = gridLine.exec(body);
      if (match === null) throw this.#fault(`invalid range vector definition "${body}"`);
      draft.rangeVector = this.#grid(match[1]!, match[2]!, match[3]!);
      return true;
    }
    if (body.startsWith("expect string")) {
      draft.string = this.#string(body.slice("expect string".length).trim());
      return true;
    }
    if (body.split(" ")[0] === "expect") {
      this.#expect(draft, body);
      return true;
    }
    const scalar = /^[+-]?\S+$/.test(body) ? signedNumber(body) : undefined;
    if (scalar !== undefined) {
      draft.scalar = scalar;
      return false;
    }
    const { labels, values } = this.#series(body);
    if (values.length > 1 && isInstant && draft.rangeVector === undefined) {
      throw this.#fault(
        "expecting multiple values in instant evaluation not allowed. consider using 'expect range vector' directive to enable a range vector result for an instant query",
      );
    }
    draft.add(labels, values);
    return true;
  }

  #expect(draft: ExpectationDraft, body: string): void {
    const match = expectLine.exec(body);
    if (match === null) {
      throw this.#fault(
        "invalid expect statement, must match `expect <type> <match_type>: <string>` format",
      );
    }
    const conflict = draft.take(match[1]!, this.#message(match[2], match[3] ?? ""));
    if (conflict !== undefined) throw this.#fault(conflict);
  }

  #message(kind: string | undefined, rest: string): MessageMatch {
    const text = rest.trim();
    if (kind === undefined) return { kind: "any" };
    if (kind === "msg") return { kind: "message", text };
    return this.#try(() => ({ kind: "pattern", text, pattern: RE2JS.compile(text) }));
  }

  #string(quoted: string): string {
    const quote = quoted[0];
    const closed = quoted.length >= 2 && quoted.at(-1) === quote;
    if (quoted === "" || !closed || (quote !== '"' && quote !== "`")) {
      throw this.#fault("expected string literal not valid - a quoted string literal is required");
    }
    const inner = quoted.slice(1, -1);
    if (quote === "`") return inner;
    const unquoted = unescape(inner, '"');
    if (unquoted.ok) return unquoted.value;
    throw this.#fault(`expected string literal not valid - ${unquoted.message}`);
  }

  #series(body: string): { readonly labels: Labels; readonly values: readonly SequenceValue[] } {
    return this.#try(() => parseSeriesLine(body));
  }

  #grid(from: string, to: string, step: string): TimeGrid {
    const startMs = this.#duration(from, "start timestamp");
    const endMs = this.#duration(to, "end timestamp");
    if (endMs < startMs) {
      throw this.#fault(
        `invalid test definition, end timestamp (${to}) is before start timestamp (${from})`,
      );
    }
    return { startMs, endMs, stepMs: this.#duration(step, "step") };
  }

  #duration(text: string, what: string): number {
    try {
      return parseDuration(text);
    } catch (cause) {
      throw this.#fault(`invalid ${what} definition "${text}"`, this.#at + 1, cause);
    }
  }

  /** The lines up to the next empty one; `#at` stands on the line that was given last. */
  *#body(): Generator<string> {
    while (this.#lines[this.#at + 1] !== undefined && this.#lines[this.#at + 1] !== "") {
      this.#at++;
      yield this.#lines[this.#at]!;
    }
  }

  #try<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (cause instanceof ScriptError) throw cause;
      const reason =
        cause instanceof PromqlParseError
          ? cause.reason
          : cause instanceof Error
            ? cause.message
            : String(cause);
      throw this.#fault(`${reason}: ${this.#lines[this.#at]}`, this.#at + 1, cause);
    }
  }

  #fault(reason: string, line: number = this.#at + 1, cause?: unknown): ScriptError {
    return new ScriptError(this.#file, line, reason, { cause });
  }
}

function signedNumber(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const value = parseNumber(/^[+-]/.test(text) ? text.slice(1) : text);
  return value === undefined ? undefined : sign * value;
}

/** What is known about an evaluation while its lines are read. */
class ExpectationDraft {
  readonly mode: string | undefined;
  fail: MessageMatch | undefined;
  rangeVector: TimeGrid | undefined;
  string: string | undefined;
  scalar: number | undefined;
  #ordered: boolean;
  #failCount = 0;
  readonly #warn: MessageMatch[] = [];
  readonly #info: MessageMatch[] = [];
  #noWarn = false;
  #noInfo = false;
  readonly #series = new Map<string, ExpectedSeries>();
  #position = 0;

  constructor(mode: string | undefined) {
    this.mode = mode;
    this.#ordered = mode === "ordered";
    if (mode === "fail") this.fail = { kind: "any" };
  }

  /** An `expect` line; what is wrong with it, if anything. */
  take(type: string, message: MessageMatch): string | undefined {
    if (type === "ordered") this.#ordered = true;
    if (type === "no_warn") this.#noWarn = true;
    if (type === "no_info") this.#noInfo = true;
    if (type === "warn") this.#warn.push(message);
    if (type === "info") this.#info.push(message);
    if (type === "fail") {
      this.fail = message;
      this.#failCount++;
    }
    if (this.#info.length > 0 && this.#noInfo) {
      return "invalid expect lines, info and no_info cannot be used together";
    }
    if (this.#warn.length > 0 && this.#noWarn) {
      return "invalid expect lines, warn and no_warn cannot be used together";
    }
    return this.#failCount > 1
      ? "invalid expect lines, multiple expect fail lines are not allowed"
      : undefined;
  }

  /** A series given twice counts once, as it was given last. */
  add(labels: Labels, values: readonly SequenceValue[]): void {
    this.#position++;
    this.#series.set(labels.key, { labels, values, position: this.#position });
  }

  expectations(): Expectations {
    return {
      ordered: this.#ordered,
      fail: this.fail,
      warn: this.#warn,
      info: this.#info,
      noWarn: this.#noWarn,
      noInfo: this.#noInfo,
      anyWarn: this.mode === "warn",
      anyInfo: this.mode === "info",
    };
  }

  result(): ExpectedResult {
    if (this.string !== undefined) return { kind: "string", value: this.string };
    if (this.scalar !== undefined) return { kind: "scalar", value: this.scalar };
    return { kind: "series", series: [...this.#series.values()] };
  }
}
