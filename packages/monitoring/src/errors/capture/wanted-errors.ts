// Which errors are waited for while the debugger is on: those of groups that were seen for the first time.
//
//   handled: TypeError in price() of pricing.ts, caused by RangeError in rate() of rates.ts
//     ─► "TypeError price /app/pricing.ts", "RangeError rate /app/rates.ts"
//   thrown: whatever has one of these marks is looked into, once a mark; everything else passes
//
// A mark is made of a stack's text alone, so that the debugger's description of an error, which is that text, is enough: a
// process may throw thousands of errors that somebody catches and nobody wants to know of.
//
// Bounded: MAX_WANTED marks at a time, each waited for MAX_WAITS times; MAX_KNOWN groups are remembered.

import { readProperty, readText } from "../report/hostile.ts";
import { parseFrame } from "../stack/parse-stack.ts";

const MAX_WANTED = 50;
const MAX_WAITS = 3;
const MAX_KNOWN = 2_000;
const MAX_CAUSES = 3;
/** Of a stack's text; frames come after the message. */
const MAX_TEXT = 16_384;

/** The errors that are waited for. */
export class WantedErrors {
  /** By mark: how often they were waited for in vain. */
  readonly #wanted = new Map<string, number>();
  readonly #known = new Set<string>();

  /** Whether somebody is waited for. */
  get isEmpty(): boolean {
    return this.#wanted.size === 0;
  }

  /** Waits for the next error of a group from now on, and for those it is caused by; once a group. */
  add(fingerprint: string, error: unknown): boolean {
    if (this.#known.has(fingerprint)) return false;
    this.#known.add(fingerprint);
    dropOldest(this.#known, MAX_KNOWN);
    const marks = marksOf(error);
    for (const mark of marks) this.#wanted.set(mark, 0);
    dropOldest(this.#wanted, MAX_WANTED);
    return marks.length > 0;
  }

  /** The mark of an error that is waited for; undefined for others. */
  markOf(stack: string): string | undefined {
    const mark = markOfStack(stack);
    return mark !== undefined && this.#wanted.has(mark) ? mark : undefined;
  }

  /** It is not waited for any more. */
  found(mark: string): void {
    this.#wanted.delete(mark);
  }

  /** The wait is over for now; who was waited for too often is given up. */
  waited(): void {
    for (const [mark, waits] of this.#wanted) {
      if (waits + 1 >= MAX_WAITS) this.#wanted.delete(mark);
      else this.#wanted.set(mark, waits + 1);
    }
  }
}

function dropOldest(
  of: { readonly size: number; keys(): Iterable<string>; delete(key: string): boolean },
  max: number,
): void {
  for (const oldest of of.keys()) {
    if (of.size <= max) return;
    of.delete(oldest);
  }
}

function marksOf(error: unknown): string[] {
  const marks: string[] = [];
  let each: unknown = error;
  for (let depth = 0; depth <= MAX_CAUSES; depth++) {
    if (typeof each !== "object" || each === null) break;
    const stack = readText(each, "stack");
    const mark = stack === undefined ? undefined : markOfStack(stack);
    if (mark !== undefined) marks.push(mark);
    each = readProperty(each, "cause");
  }
  return marks;
}

/** The type, and function and file of the first frame that is not Node's; undefined without one. */
function markOfStack(stack: string): string | undefined {
  const text = stack.slice(0, MAX_TEXT);
  const type = /^[^:\n]{1,100}/.exec(text)?.[0] ?? "";
  for (const [, frame] of text.matchAll(/\n {4}at ([^\n]{1,1024})/g)) {
    const { origin, file, functionName = "" } = parseFrame(frame!);
    if (origin === "file") return `${type} ${functionName} ${file}`;
  }
  return undefined;
}
