// What the first error would wait for, done before it comes: the code that makes reports is run, so that it is compiled
// when it is needed. Measured: the first report of twenty frames takes a sixth of what it takes without.
//
//   a program that is in no file, up to four modules with maps ─► errors of it ─► report ─► the forms it is written in
//
// Each round is a program and a report of its own, by a builder of its own: nothing of it is kept. The first rounds are
// small, as nothing is compiled then. A file that is there is read, too, for what of Node that takes.
//
// What lives over a pause is garbage that the collector leaves lying for long: with a pause after each piece, and programs
// twice the size, it was 9 MB of a service. So many pieces that are quick are one step.

import { ReportBuilder, type ReportSettings } from "./build-report.ts";
import type { FullReport } from "./report.ts";
import { readBounded } from "./source-files.ts";

/** In so many rounds once all of it. */
const READ_EACH = 6;
const BRIEF_EACH = 3;
const MAX_BYTES = 1024 * 1024;
const ROUNDS = 30;
const MODULES = 4;
const FRAMES = 20;
/** After so long others get a turn. */
const STEP_MS = 3;

/**
 * Runs the making of reports; each step is a few milliseconds.
 *
 * @param writers write a report in the forms that will be asked for
 * @param now a clock, in milliseconds
 */
export function* rehearse(
  settings: ReportSettings,
  writers: readonly ((report: FullReport) => unknown)[],
  now: () => number = () => performance.now(),
): Generator<void, void> {
  let startedMs = now();
  for (const _ of pieceByPiece(settings, writers)) {
    if (now() - startedMs < STEP_MS) continue;
    yield;
    startedMs = now();
  }
}

function* pieceByPiece(
  settings: ReportSettings,
  writers: readonly ((report: FullReport) => unknown)[],
): Generator<void, void> {
  for (let round = 0; round < ROUNDS; round++) {
    const root = `/flx/rehearsal-${round}`;
    let maxBytes = round % READ_EACH === 0 ? MAX_BYTES : 0;
    const builder = new ReportBuilder((path) => {
      readBounded(import.meta.filename, maxBytes);
      maxBytes = 0;
      return textOf(path, root);
    });
    const cause = round % 2 === 0 ? undefined : new Error("cause");
    const order = {
      id: round,
      lines: ["a", "b"],
      notes: new Map([["token", "none"]]),
      at: new Date(0),
    };
    const error = Object.assign(new RangeError(`rehearsal ${round}`, { cause }), { order });
    error.stack = stackOf(root, round);
    const report = builder.build(error, settings, { errorId: "0000000000000000", timeMs: 0 });
    yield;
    // What lines of logs and spans say.
    if (round % BRIEF_EACH === 0) builder.brief(error, settings);
    for (const write of writers) {
      write(report);
      yield;
    }
  }
}

function stackOf(root: string, round: number): string {
  const modules = Math.min(MODULES, 1 + round);
  const frames = Array.from({ length: Math.min(FRAMES, 2 + round * 2) }, (_, i) => {
    const line = 1 + ((round + i * 8) % LINES);
    const column = 1 + ((round * 5 + i * 3) % 50);
    const file = `file://${root}/dist/step-${i % modules}.js`;
    return `    at ${i % 3 === 0 ? "async " : ""}enterStep${i} (${file}:${line}:${column})`;
  });
  return `RangeError: rehearsal ${round}\n${frames.join("\n")}\n    at node:internal/main:1:1`;
}

/** Code of many kinds: what the compiler has not seen makes it begin again. */
const SOURCE: readonly string[] = [
  "/** Adds up what an order costs. */",
  "  async total(order: Order, rate = 1.19): Promise<number> {",
  '    const lines = order.lines.filter((line) => line.name !== "none"); // without empty ones',
  "    for (const [at, { price }] of lines.entries()) sum += price * 0x10 + at;",
  "    if (/^[a-z]+$/.test(order.country)) throw new RangeError(`no rate for ${order.country}`);",
  '\treturn this.rates.lookup({ country: order.country, key: ["net", 1] })?.net ?? null;',
  "",
];
const BLOCKS = 3;
const LINES = SOURCE.length * BLOCKS;

const text = Array.from({ length: BLOCKS }, () => SOURCE.join("\n")).join("\n");

/** A block's segments: of one, four and five numbers, of two sources, of one and more digits, and a line without any. */
const SEGMENTS = ",SAAsBA,+B;IAClB,MAAM,eAAoBC,mCAAkC;;ACChE,G;IDCE,oHAAkG,oLAArE;EAC7BD;AACD";
const mappings = `AAAA${SEGMENTS}${`;AAED${SEGMENTS}`.repeat(BLOCKS - 1)}`;

function mapText(step: string): string {
  const sources = [`../src/${step}.ts`, "../src/order.ts"];
  const names = ["total", "order"];
  return JSON.stringify({
    version: 3,
    file: `${step}.js`,
    sourceRoot: "",
    sources,
    names,
    mappings,
  });
}

function textOf(path: string, root: string): string | undefined {
  if (!path.startsWith(root)) return undefined;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name.endsWith(".map")) return mapText(name.slice(0, -".js.map".length));
  return name.endsWith(".js") ? `${text}\n//# sourceMappingURL=${name}.map\n` : text;
}
