// V8's stack texts as frames.
//
//   TypeError: no                                          the head: name and message, may have many lines
//       at charge (file:///app/payments.ts:12:9)           function, file, line, column
//       at async Cart.pay [as submit] (/app/cart.js:3:1)   awaited
//       at new Order (...)                                 constructor
//       at /app/main.js:1:1                                no function
//       at eval (eval at run (/app/x.js:4:2), <anonymous>:1:5)
//       at Array.map (<anonymous>)                         native
//       at async Promise.all (index 2)
//       at run (wasm://wasm/8f3a:wasm-function[3]:0x4d2)
//       at Object.open (node:fs:560:18)                    Node itself
//
// The text is hostile: it may be megabytes, and a message may contain lines that look like frames. Every pattern here is
// linear, lines are bounded, and the head is cut off by what the error says its message is.
//
// Source: https://v8.dev/docs/stack-trace-api (the text format is V8's, no standard). Pure.

/** Where a frame's code comes from. */
export type FrameOrigin = "file" | "node" | "native" | "eval" | "wasm" | "unknown";

/** One call of a stack. */
export interface StackFrame {
  /** As V8 names it, without `async` and `new`: `Cart.pay`; undefined for none. */
  readonly functionName: string | undefined;
  /** The name it was called by, when that is another: `submit`. */
  readonly methodAlias: string | undefined;
  readonly origin: FrameOrigin;
  /** Path or address; of evaluated code that of the script that evaluated it. */
  readonly file: string | undefined;
  /** From 1. */
  readonly line: number | undefined;
  /** From 1. */
  readonly column: number | undefined;
  readonly isAsync: boolean;
  readonly isConstructor: boolean;
}

const MAX_FRAMES = 200;
const MAX_LINE = 2_048;

const FRAME_LINE = /^[ \t]+at /;
const POSITION = /:(\d{1,9}):(\d{1,9})$/;
const WASM = /^(wasm:\/\/[^\s]*):wasm-function\[\d+\]:0x[\da-f]+$/i;

/**
 * The frames of a stack text, innermost first.
 *
 * @param head what the stack begins with, when it is known: "TypeError: no"
 * @param read reads one frame, as `parseFrame` does
 */
export function parseStack(
  stack: string,
  head?: string,
  read: (text: string) => StackFrame = parseFrame,
): readonly StackFrame[] {
  const body = head !== undefined && stack.startsWith(head) ? stack.slice(head.length) : stack;
  const frames: StackFrame[] = [];
  let at = 0;
  while (at < body.length && frames.length < MAX_FRAMES) {
    const end = body.indexOf("\n", at);
    const stop = end < 0 ? body.length : end;
    const line = body.slice(at, Math.min(stop, at + MAX_LINE));
    if (FRAME_LINE.test(line)) frames.push(read(line.trim().slice(3)));
    at = stop + 1;
  }
  return frames;
}

/** One frame, without "at". */
export function parseFrame(text: string): StackFrame {
  let rest = text;
  const isAsync = rest.startsWith("async ");
  if (isAsync) rest = rest.slice(6);
  const isConstructor = rest.startsWith("new ");
  if (isConstructor) rest = rest.slice(4);
  const { name, location } = split(rest);
  const { functionName, methodAlias } = named(name);
  return { functionName, methodAlias, isAsync, isConstructor, ...locate(location) };
}

/** `name (location)`, or a location alone. */
function split(text: string): { name: string | undefined; location: string } {
  if (!text.endsWith(")")) return { name: undefined, location: text };
  const open = text.indexOf("(");
  if (open > 0 && text[open - 1] === " " && text.indexOf("(", open + 1) < 0) {
    return { name: text.slice(0, open - 1), location: text.slice(open + 1, -1) };
  }
  // The name may have parentheses itself (`[as (x)]`), the location, too (`eval at f (...)`): they are balanced.
  let depth = 0;
  for (let at = text.length - 1; at > 0; at--) {
    if (text[at] === ")") depth++;
    else if (text[at] === "(" && --depth === 0) {
      if (text[at - 1] !== " ") break;
      return { name: text.slice(0, at - 1), location: text.slice(at + 1, -1) };
    }
  }
  return { name: undefined, location: text };
}

function named(name: string | undefined): Pick<StackFrame, "functionName" | "methodAlias"> {
  if (name === undefined || name === "" || name === "<anonymous>") {
    return { functionName: undefined, methodAlias: undefined };
  }
  const alias = / \[as ([^\]]*)\]$/.exec(name);
  if (alias === null) return { functionName: name, methodAlias: undefined };
  return { functionName: name.slice(0, alias.index), methodAlias: alias[1] };
}

type Located = Pick<StackFrame, "origin" | "file" | "line" | "column">;

const NOWHERE = { file: undefined, line: undefined, column: undefined };

function locate(location: string): Located {
  if (location === "native" || location === "<anonymous>" || /^index \d+$/.test(location)) {
    return { origin: "native", ...NOWHERE };
  }
  if (location.startsWith("eval at ")) return evaluated(location);
  const wasm = WASM.exec(location);
  if (wasm !== null) return { origin: "wasm", ...NOWHERE, file: wasm[1] };
  const place = POSITION.exec(location);
  if (place === null) return { origin: "unknown", ...NOWHERE };
  const file = location.slice(0, place.index);
  const origin = file.startsWith("node:") ? "node" : "file";
  return { origin, file, line: Number(place[1]), column: Number(place[2]) };
}

/** Evaluated code has no file of its own: what counts is who evaluated it. */
function evaluated(location: string): Located {
  const inner = /\(((?:file:\/\/|[A-Za-z]:[\\/]|\/)[^()]*):(\d{1,9}):(\d{1,9})\)/.exec(location);
  if (inner === null) return { origin: "eval", ...NOWHERE };
  return { origin: "eval", file: inner[1], line: Number(inner[2]), column: Number(inner[3]) };
}
