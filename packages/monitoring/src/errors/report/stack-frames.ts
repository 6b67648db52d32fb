// The frames of an error as a report shows them: mapped to where they were written, own ones with code, the others folded.
//
//   charge       src/payments.ts:12:9     own, with code and locals
//   ... 12 frames of fastify              folded
//   main         src/main.ts:3:1          own

import { getSourceMapsSupport } from "node:module";
import { isOwnFrame, NormalFrame } from "../fingerprint/normalize-frame.ts";
import { parseStack, type StackFrame } from "../stack/parse-stack.ts";
import type { CodeFrames } from "./code-frame.ts";
import { enclosingFunction } from "./enclosing-function.ts";
import { readText } from "./hostile.ts";
import type { KnownFrames, PlacedFrame, PlacedStack } from "./known-frames.ts";
import type { FrameEntry, FrameOwner, ReportField, ReportFrame } from "./report.ts";
import { pathOf, type SourceFiles, type SourcePlace } from "./source-files.ts";

/** How frames are shown. */
export interface FrameSettings {
  /** Own frames that are shown with all they have; the others are counted. */
  readonly maxFrames: number;
  /** Packages or parts of paths whose frames are folded, too. */
  readonly suppress: readonly (string | RegExp)[];
  /** Whether Node's own frames are shown. */
  readonly showNode: boolean;
  readonly showCode: boolean;
  /** Lines of code before and after. */
  readonly around: number;
}

const MAX_STACK = 256 * 1024;

/** The frames of a thrown object, innermost first, and where they are; none when it has no stack. Never throws. */
export function placedStack(
  error: object,
  sources: SourceFiles,
  suppress: readonly (string | RegExp)[],
  known: KnownFrames,
): PlacedStack {
  const stack = readText(error, "stack");
  if (stack === undefined) return NO_STACK;
  const head = syntaxFrame(stack.slice(0, MAX_STACK));
  const make = (text: string): PlacedStack => {
    const frames = [...head, ...parseStack(text, undefined, known.read)];
    const placed = placeFrames(frames, sources, suppress, known);
    return { frames, placed, normals: Object.freeze(placed.map(({ normal }) => normal)) };
  };
  const text = framesText(stack, error);
  return head.length > 0 ? make(text) : known.stack(text, make);
}

/** Of what has none. */
export const NO_STACK: PlacedStack = { frames: [], placed: [], normals: [] };

/** What comes after the message, which may have lines that look like frames, and megabytes of them. */
function framesText(stack: string, error: object): string {
  const message = readText(error, "message");
  const at =
    message === undefined || message === ""
      ? -1
      : stack.slice(0, MAX_HEAD).indexOf(message.slice(0, MAX_HEAD / 2));
  if (at < 0) return stack.slice(0, MAX_STACK);
  // One that was changed since it was made is known by its beginning.
  const length = stack.startsWith(message!, at)
    ? message!.length
    : Math.min(message!.length, MAX_HEAD / 2);
  return stack.slice(at + length, at + length + MAX_STACK);
}

/** Within so many characters the message begins. */
const MAX_HEAD = 8_192;

const SYNTAX =
  /^(file:\/\/[^\n]{1,2048}|\/[^\n]{1,2048}|[A-Za-z]:[^\n]{1,2048}):(\d{1,9})\n(?:[^\n]*\n){1,8}?([ \t]*)\^/;

/**
 * Code that does not parse has no frame; Node writes its place before the error: a line of code or some, and a mark below the
 * last. Of JavaScript that was imported as a module it keeps the place to itself.
 */
function syntaxFrame(stack: string): StackFrame[] {
  const found = SYNTAX.exec(stack);
  if (found === null) return [];
  return [
    {
      functionName: undefined,
      methodAlias: undefined,
      origin: "file",
      file: found[1],
      line: Number(found[2]),
      column: found[3]!.length + 1,
      isAsync: false,
      isConstructor: false,
    },
  ];
}

/** Finds out where frames were written and whose they are. */
function placeFrames(
  frames: readonly StackFrame[],
  sources: SourceFiles,
  suppress: readonly (string | RegExp)[],
  known: KnownFrames,
): readonly PlacedFrame[] {
  return frames.map((frame) => known.place(frame, (each) => placeFrame(each, sources, suppress)));
}

function placeFrame(
  frame: StackFrame,
  sources: SourceFiles,
  suppress: readonly (string | RegExp)[],
): PlacedFrame {
  const place = placeOf(frame, sources);
  const file = place?.file ?? frame.file;
  const packageName = packageOf(file);
  const owner = ownerOf(frame, file, place?.isIgnored === true, suppress, packageName);
  const withName = named(frame, place, owner);
  const normal = new NormalFrame(file, withName.functionName, owner === "own");
  return { frame: withName, place, owner, packageName, normal };
}

/** Names that a minifier gives, or none. */
const SAYS_NOTHING = /^(?:(?:[\w$]{1,2}\.)*#?[\w$]{0,2}|(?:[\w$]+\.)?<anonymous>)$/;

/** Names that a minifier gave say nothing; the source has better ones. */
function named(frame: StackFrame, place: SourcePlace | undefined, owner: FrameOwner): StackFrame {
  if (place?.text === undefined || owner !== "own" || frame.origin === "eval") return frame;
  const { functionName = "", file = "" } = frame;
  const isMapped = SAYS_NOTHING.test(functionName)
    ? place.file !== pathOf(file) || isMappedByNode(functionName, place)
    : getSourceMapsSupport().enabled && isMappedByNode(functionName, place);
  if (!isMapped) return frame;
  const { lines } = place.text;
  const name = enclosingFunction(lines, place.line, place.column, frame.isConstructor);
  return name === undefined ? frame : { ...frame, functionName: name === "" ? undefined : name };
}

/**
 * Node's own maps change places, and leave names or take that of a call: that of a function which the source does not have.
 * JavaScript is a source only where Node maps.
 */
function isMappedByNode(name: string, { file, text }: SourcePlace): boolean {
  if (name === "" || (/\.[cm]?js$/.test(file) && !getSourceMapsSupport().enabled)) return false;
  const word = name.slice(name.lastIndexOf(".") + 1).replaceAll("$", "\\$");
  const defined = new RegExp(
    `\\b(?:function\\s*\\*?|const|let|var|class)\\s+${word}(?![\\w$])|^\\s*(?:(?:static|async|get|set)\\s+)*\\*?${word}\\s*[(:=]`,
  );
  return !text!.lines.slice(0, MAX_SEARCHED).some((line) => defined.test(line.slice(0, 512)));
}

const MAX_SEARCHED = 10_000;

/**
 * The class of an error whose name a minifier made short, by the source: the innermost frame is where it was made. Undefined when
 * that is not there.
 */
export function classInSource(placed: readonly PlacedFrame[]): string | undefined {
  const place = placed[0]?.place;
  const line = place?.text?.lines[place.line - 1];
  return line === undefined
    ? undefined
    : /^new\s+(?:[\w$]{1,64}\.)*([\w$]{3,128})\s*[(<]/.exec(line.slice(place!.column - 1))?.[1];
}

function placeOf(
  { origin, file, line, column }: StackFrame,
  sources: SourceFiles,
): SourcePlace | undefined {
  if ((origin !== "file" && origin !== "eval") || file === undefined) return undefined;
  return line === undefined || column === undefined ? undefined : sources.place(file, line, column);
}

function ownerOf(
  { origin }: StackFrame,
  file: string | undefined,
  isIgnored: boolean,
  suppress: readonly (string | RegExp)[],
  packageName: string | undefined,
): FrameOwner {
  if (origin === "node") return "node";
  if (file === undefined) return "native";
  if (isIgnored || !isOwnFrame({ file })) return "framework";
  const isSuppressed = suppress.some((each) =>
    typeof each === "string" ? each === packageName || file.includes(each) : each.test(file),
  );
  return isSuppressed ? "framework" : "own";
}

const PACKAGE = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/;

function packageOf(file: string | undefined): string | undefined {
  if (file === undefined || !file.includes("node_modules")) return undefined;
  return PACKAGE.exec(file.slice(0, 4_096))?.[1]?.replace("\\", "/");
}

/** Entries of a report. */
export function frameEntries(
  placed: readonly PlacedFrame[],
  settings: FrameSettings,
  codes: CodeFrames,
  known: KnownFrames,
  localsOf: (index: number) => readonly ReportField[] | undefined,
): readonly FrameEntry[] {
  return entriesOf(placed, settings, (index) => {
    const frame = known.shown(placed[index]!, (each) => frameOf(each, settings, codes));
    const locals = localsOf(index);
    return locals === undefined ? frame : { ...frame, locals };
  });
}

/** The frames of those entries without code and variables: for them no source is read. */
export function bareFrames(
  placed: readonly PlacedFrame[],
  settings: FrameSettings,
): readonly ReportFrame[] {
  const entries = entriesOf(placed, settings, (index) => frameOf(placed[index]!, settings));
  return entries.filter((entry) => entry.kind === "frame");
}

/** Which frames are shown and which are counted. */
function entriesOf(
  placed: readonly PlacedFrame[],
  settings: FrameSettings,
  frameAt: (index: number) => ReportFrame,
): readonly FrameEntry[] {
  const out: FrameEntry[] = [];
  // Without own frames the first of the others are better than none.
  const showAll = !placed.some(({ owner }) => owner === "own");
  const shown = shownOwn(placed, settings.maxFrames, showAll);
  let i = 0;
  while (i < placed.length) {
    const repeated = repetition(placed, i);
    if (repeated > 1) {
      const length = repeated * periodOf(placed, i);
      if (shown.has(i)) out.push(frameAt(i));
      out.push({ kind: "folded", count: length - (shown.has(i) ? 1 : 0), reason: "recursion" });
      i += length;
      continue;
    }
    if (shown.has(i)) out.push(frameAt(i));
    else fold(out, placed[i]!, settings, showAll);
    i++;
  }
  return out;
}

/** Which frames are shown: the innermost ones and the outermost ones, as many as there may be. */
function shownOwn(
  placed: readonly PlacedFrame[],
  maxFrames: number,
  showAll: boolean,
): ReadonlySet<number> {
  const own = placed
    .map(({ owner }, i) => (owner === "own" || (showAll && owner !== "native") ? i : -1))
    .filter((i) => i >= 0);
  const max = showAll ? Math.min(maxFrames, 5) : maxFrames;
  if (own.length <= max) return new Set(own);
  const inner = showAll ? max : Math.ceil((max * 2) / 3);
  const outer = max - inner;
  return new Set([...own.slice(0, inner), ...(outer > 0 ? own.slice(-outer) : [])]);
}

function fold(
  out: FrameEntry[],
  { owner, packageName }: PlacedFrame,
  { showNode }: FrameSettings,
  showAll: boolean,
): void {
  if ((owner === "node" || owner === "native") && !showNode && !showAll) return;
  const reason =
    owner === "own" ? "more" : owner === "framework" ? (packageName ?? "suppressed code") : "Node";
  const last = out.at(-1);
  if (last?.kind === "folded" && last.reason === reason) {
    out[out.length - 1] = { ...last, count: last.count + 1 };
  } else out.push({ kind: "folded", count: 1, reason });
}

const MAX_PERIOD = 4;
const MIN_REPEATS = 4;

/** How often the frames at a place repeat: f, f, f or f, g, f, g. */
function repetition(placed: readonly PlacedFrame[], at: number): number {
  const period = periodOf(placed, at);
  if (period === 0) return 1;
  let count = 1;
  while (isSame(placed, at, at + count * period, period)) count++;
  return count;
}

function periodOf(placed: readonly PlacedFrame[], at: number): number {
  for (let period = 1; period <= MAX_PERIOD; period++) {
    let count = 1;
    while (count < MIN_REPEATS && isSame(placed, at, at + count * period, period)) count++;
    if (count >= MIN_REPEATS) return period;
  }
  return 0;
}

function isSame(placed: readonly PlacedFrame[], a: number, b: number, length: number): boolean {
  if (b + length > placed.length) return false;
  for (let i = 0; i < length; i++) {
    const { frame: x } = placed[a + i]!;
    const { frame: y } = placed[b + i]!;
    if (x.file !== y.file || x.line !== y.line || x.functionName !== y.functionName) return false;
  }
  return true;
}

function frameOf(
  { frame, place, owner, packageName }: PlacedFrame,
  { showCode, around }: FrameSettings,
  codes?: CodeFrames,
): ReportFrame {
  const text = showCode && owner === "own" ? place?.text : undefined;
  return {
    kind: "frame",
    owner,
    functionName: nameOf(frame),
    file: place?.file ?? frame.file,
    line: place?.line ?? frame.line,
    column: place?.column ?? frame.column,
    isAsync: frame.isAsync,
    isConstructor: frame.isConstructor,
    packageName,
    code: text === undefined ? undefined : codes?.at(text, place!.line, place!.column, around),
    locals: undefined,
  };
}

function nameOf({ functionName }: StackFrame): string | undefined {
  if (functionName === undefined) return undefined;
  return functionName
    .replace(/^(?:Object|Module|process|global|globalThis)\.(?=.)/, "")
    .slice(0, 256);
}
