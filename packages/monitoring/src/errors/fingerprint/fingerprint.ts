// Which errors are the same error: a short hash that groups occurrences, here and in the station.
//
//   rules        a rule that fits decides alone
//   otherwise    type
//                own frames: module and function, without lines; when there are none, those there are
//                message with placeholders, when there is no own frame, or no name of a function where it was thrown
//                cause, the same way, up to a depth; the errors of an AggregateError, each once, in any order
//
//   TypeError│orders/place:charge│cart:pay│caused by│RangeError│...   ->   64 bits, 16 hex digits
//
// The same for minified code with its map and for code as it was written, for other versions of Node, after lines have
// moved; another one for another place or type. The message counts less than the place: "user 7 not found" and "user 8
// not found" from one place are one error, and so are two translations of it.
// In a function without a name (the handlers of most routers) a place is a whole file, in which all errors of a type would
// be one: there the message counts as well.
//
// Pure: exported as a function of data, no clock, no I/O.

import { hash64 } from "./hash64.ts";
import {
  type FingerprintFrame,
  isBuiltIn,
  isOwnFrame,
  NormalFrame,
  normalFrame,
  normalizeModule,
} from "./normalize-frame.ts";
import { parameterizeMessage } from "./parameterize-message.ts";

/** An error as data: from the SDK, a log record or another SDK. */
export interface FingerprintInput {
  readonly type?: string | undefined;
  readonly message?: string | undefined;
  /** Innermost first. */
  readonly frames?: readonly FingerprintFrame[] | undefined;
  readonly cause?: FingerprintInput | undefined;
  /** Of an AggregateError. */
  readonly errors?: readonly FingerprintInput[] | undefined;
}

/** A rule of one's own: all that are given must match. */
export interface FingerprintRule {
  readonly type?: string | RegExp | undefined;
  readonly message?: RegExp | undefined;
  readonly module?: RegExp | undefined;
  /** What errors that match are grouped by; `{{ default }}` stands for the usual. */
  readonly fingerprint: readonly string[];
}

export interface FingerprintOptions {
  readonly rules?: readonly FingerprintRule[] | undefined;
}

const MAX_FRAMES = 32;
const MAX_CAUSES = 5;
const MAX_ERRORS = 10;

/**
 * The fingerprint of an error: 16 hex digits.
 *
 * @example fingerprint({ type: "TypeError", message: "x is not a function" }).length // 16
 */
export function fingerprint(input: FingerprintInput, options: FingerprintOptions = {}): string {
  const rule = options.rules?.find((each) => matches(each, input));
  if (rule === undefined) return hash64(componentsOf(input).join("\u0000"));
  const usual = componentsOf(input).join("\u0000");
  return hash64(
    rule.fingerprint.map((part) => part.replace(/\{\{ ?default ?\}\}/g, usual)).join("\u0001"),
  );
}

/** What goes into the hash, for people who want to know why two errors are one. */
export function componentsOf(input: FingerprintInput): readonly string[] {
  return components(input, 0);
}

function components(input: FingerprintInput, depth: number): string[] {
  const parts = [`type:${input.type ?? ""}`];
  const frames = frameParts(input.frames ?? []);
  parts.push(...frames.parts);
  if (!frames.isTelling) parts.push(`message:${parameterizeMessage(input.message ?? "")}`);
  if (depth >= MAX_CAUSES) return parts;
  if (input.cause !== undefined) parts.push("cause", ...components(input.cause, depth + 1));
  const errors = (input.errors ?? []).slice(0, MAX_ERRORS);
  const distinct = new Set(errors.map((each) => components(each, depth + 1).join("\u0002")));
  // Only one kind inside says no more than that kind: how often it happened is not what it is.
  for (const each of [...distinct].toSorted(byText)) parts.push(`error:${each}`);
  return parts;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

interface FrameParts {
  readonly parts: readonly string[];
  readonly isTelling: boolean;
}

/** Of lists that cannot change: errors of one place share theirs. */
const knownParts = new WeakMap<readonly FingerprintFrame[], FrameParts>();

/** Frames as texts, and whether they tell one place from another. */
function frameParts(frames: readonly FingerprintFrame[]): FrameParts {
  const known = knownParts.get(frames);
  if (known !== undefined) return known;
  const made = makeParts(frames);
  const isFixed = Object.isFrozen(frames) && frames.every((each) => each instanceof NormalFrame);
  if (isFixed) knownParts.set(frames, made);
  return made;
}

function makeParts(frames: readonly FingerprintFrame[]): FrameParts {
  const some = frames.slice(0, MAX_FRAMES * 4);
  const own = some.filter(isOwnFrame);
  const parts = distinctNeighbours(
    (own.length > 0 ? own : some).slice(0, MAX_FRAMES).map(framePart),
  );
  return { parts, isTelling: saysWhere(some) };
}

/**
 * Whether frames name the function that was thrown in, or one that called it without a library in between: a callback of
 * `map` belongs to its function, a handler of a router to none.
 */
function saysWhere(frames: readonly FingerprintFrame[]): boolean {
  const start = frames.findIndex(isOwnFrame);
  if (start === -1) return false;
  for (const frame of frames.slice(start)) {
    if (isOwnFrame(frame)) {
      if (!framePart(frame).endsWith(":")) return true;
    } else if (!isBuiltIn(frame)) return false;
  }
  return false;
}

function framePart(frame: FingerprintFrame): string {
  const text =
    frame instanceof NormalFrame ? frame.text : normalFrame(frame.file, frame.functionName);
  return `frame:${text}`;
}

/** Recursion of any depth is one frame. */
function distinctNeighbours(parts: readonly string[]): string[] {
  return parts.filter((part, i) => part !== parts[i - 1]);
}

function matches(
  rule: FingerprintRule,
  { type = "", message = "", frames = [] }: FingerprintInput,
): boolean {
  const { type: wanted, message: text, module } = rule;
  if (typeof wanted === "string" ? wanted !== type : wanted?.test(type) === false) return false;
  if (text?.test(message.slice(0, 8_192)) === false) return false;
  if (module === undefined) return true;
  const first = frames.find(isOwnFrame);
  return first?.file !== undefined && module.test(normalizeModule(first.file));
}
