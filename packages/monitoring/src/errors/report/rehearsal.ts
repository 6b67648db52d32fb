// What the first error would wait for, done before it comes: the code that makes reports is run, so that it is compiled
// when it is needed. Measured: the first report of twenty frames of ten files takes a sixth of what it takes without.
//
//   a program that is in no file, of modules with maps ─► errors of it ─► report ─► the forms it is written in
//
// Each round is a program and a report of its own, by a builder of its own. The first rounds are small, as nothing is compiled
// then. A file that is there is read, too, for what of Node that takes. V8 optimizes a function after some 500 calls; with 30
// rounds it was busy with those that are called once a frame when the first error came, with 38 it is done. It begins again
// when it meets what it has not seen: so the program has code and segments of all kinds. All in all it is 0.2 s of
// this thread and half as much of V8's own, in some 45 steps.
//
// The last round is kept: V8 throws code away that it has optimized for objects of a kind when the collector finds none of that
// kind any more. Without, the first full collection, a second after a start, undid half of the work.
//
// What lives over a pause is garbage that the collector leaves lying for long: with a pause after each piece, and programs
// twice the size, it was 9 MB of a service. So many pieces that are quick are one step.

import { ReportBuilder } from "./build-report.ts";
import type { FullReport } from "./report.ts";
import { readBounded } from "./source-files.ts";

/** In so many rounds once all of it. */
const READ_EACH = 15;
const BRIEF_EACH = 3;
const MAX_BYTES = 1024 * 1024;
const ROUNDS = 38;
const MODULES = 2;
const FRAMES = 20;
/** After so long others get a turn. */
const STEP_MS = 3;

/** How reports are made and written. */
export interface Rehearsed {
  readonly report: (error: Error, builder: ReportBuilder) => FullReport;
  /** What is made of an error when there is no report of it. */
  readonly brief: (error: Error, builder: ReportBuilder) => unknown;
  /** The forms that will be asked for. */
  readonly writers: readonly ((report: FullReport) => unknown)[];
}

/**
 * Runs the making of reports; each step is a few milliseconds.
 *
 * @param now a clock, in milliseconds
 */
export function* rehearse(
  rehearsed: Rehearsed,
  now: () => number = () => performance.now(),
): Generator<void, void> {
  let startedMs = now();
  for (const _ of pieceByPiece(rehearsed)) {
    if (now() - startedMs < STEP_MS) continue;
    yield;
    startedMs = now();
  }
}

/** What was rehearsed last, of one module and two frames. */
const kept: unknown[] = [];

function* pieceByPiece({ report, brief, writers }: Rehearsed): Generator<void, void> {
  // Compilers leave names out, minifiers do not.
  const programs = [makeProgram([]), makeProgram(["total", "order"])];
  for (let round = 0; round <= ROUNDS; round++) {
    const isLast = round === ROUNDS;
    const program = programs[round % programs.length]!;
    const root = `/flx/rehearsal-${round}`;
    let maxBytes = round % READ_EACH === 0 ? MAX_BYTES : 0;
    const builder = new ReportBuilder((path) => {
      readBounded(import.meta.filename, maxBytes);
      maxBytes = 0;
      return textOf(path, root, program);
    });
    const error = errorOf(root, isLast ? 0 : round, program);
    const made = report(error, builder);
    yield;
    // What lines of logs and spans say.
    if (round % BRIEF_EACH === 0) brief(error, builder);
    for (const write of writers) {
      write(made);
      yield;
    }
    if (isLast) kept.splice(0, Infinity, builder, error, made);
  }
}

function errorOf(root: string, round: number, program: Program): Error {
  const cause = round % 2 === 0 ? undefined : new Error("cause");
  const order = {
    id: round,
    lines: ["a", "b"],
    notes: new Map([["token", "none"]]),
    at: new Date(0),
  };
  const message = `no rate for order ${round} of "rehearsal"`;
  const error = Object.assign(new RangeError(message, { cause }), { order });
  // Node formats a stack when it is read first.
  error.stack = stackOf(root, round, program, error.stack ?? "");
  return error;
}

function stackOf(root: string, round: number, program: Program, stack: string): string {
  const modules = Math.min(MODULES, 1 + round);
  const frames = Array.from({ length: Math.min(FRAMES, 2 + round * 2) }, (_, i) => {
    const line = (round + i * 3) % program.lines.length;
    const words = program.words[line]!;
    const column = words[(round + i) % words.length] ?? 0;
    const file = `file://${root}/dist/step-${i % modules}.js`;
    return `    at ${i % 3 === 0 ? "async " : ""}enterStep${i} (${file}:${line + 1}:${column + 1})`;
  });
  const head = stack.slice(0, stack.indexOf("\n"));
  return `${head}\n${frames.join("\n")}\n    at node:internal/main:1:1`;
}

/** Code of many kinds: what the compiler has not seen makes it begin again. */
const SOURCE: readonly string[] = [
  "/** Adds up what an order costs. */",
  "  async total(order: Order, rate = 1.19) {",
  "    for (const [at, { price }] of order) sum += 0x10 * at;",
  "    if (/^[a-z]+$/.test(order)) throw new Error(`no ${order}`);",
  "",
  "    return this.configuration.ratesOfAllCountries([1]) ?? null;",
  '\tconst name = await read("net");',
  "    throw new errors.NotFound(order); // it may come later",
];
const BLOCKS = 5;

interface Program {
  readonly lines: readonly string[];
  /** Where words begin in each line. */
  readonly words: readonly (readonly number[])[];
  readonly text: string;
  readonly mappings: string;
  readonly names: readonly string[];
}

/** Code that stands where it was written, with a segment for each word; of few or many numbers. */
function makeProgram(names: readonly string[]): Program {
  const lines = Array.from({ length: BLOCKS }, () => SOURCE).flat();
  const words = lines.map((line) => [...line.matchAll(/\w+/g)].map(({ index }) => index));
  const before = { source: 0, line: 0, column: 0, name: 0 };
  const mappings = words.map((columns, line) => {
    let generated = 0;
    return columns
      .map((column, i) => {
        const name = i % 4 === 0 ? 1 : 0;
        // A line of each block is of the other source.
        const source = Number(line % SOURCE.length === 2);
        const numbers = [
          column - generated,
          source - before.source,
          line - before.line,
          column - before.column,
          name - before.name,
        ];
        generated = column;
        Object.assign(before, { source, line, column });
        // Of one, four and five numbers.
        if (i % 3 === 0) before.name = name;
        else numbers.pop();
        return numbers.map(vlq).join("");
      })
      .join(",");
  });
  return { lines, words, text: lines.join("\n"), mappings: mappings.join(";"), names };
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** As vlq.ts reads it. */
function vlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = "";
  for (; rest > 31; rest >>= 5) text += BASE64[(rest & 31) | 32];
  return text + BASE64[rest];
}

function mapText(step: string, { mappings, names }: Program): string {
  const sources = [`../src/${step}.ts`, "../src/order.ts"];
  return JSON.stringify({
    version: 3,
    file: `${step}.js`,
    sourceRoot: "",
    sources,
    names,
    mappings,
  });
}

function textOf(path: string, root: string, program: Program): string | undefined {
  if (!path.startsWith(root)) return undefined;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name.endsWith(".map")) return mapText(name.slice(0, -".js.map".length), program);
  const { text } = program;
  return name.endsWith(".js") ? `${text}\n//# sourceMappingURL=${name}.map\n` : text;
}
