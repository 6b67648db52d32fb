// Frames that were seen before. Errors come from the same places again and again, and what is known of a place stays as it
// is: where it was written, whose it is, its code, what a fingerprint takes of it. So each place is looked at once.
//
//   "charge (file:///app/dist/payments.js:12:9)" ─► StackFrame ─► PlacedFrame ─► ReportFrame ─► its text in each form
//                                       read()          place()        shown()         kept by render/, as long as the frame
//
// Whole stacks, too: an error that is logged or thrown again and again has the same one, and costs a look into a map.
//
// Bounded: MAX_KNOWN frames and MAX_STACKS stacks, then all are forgotten at once; also when settings change, and when a file
// is let go, whose text the frames would hold.

import type { NormalFrame } from "../fingerprint/normalize-frame.ts";
import { parseFrame, type StackFrame } from "../stack/parse-stack.ts";
import type { FrameOwner, ReportFrame } from "./report.ts";
import type { SourceFiles, SourcePlace } from "./source-files.ts";

const MAX_KNOWN = 500;
const MAX_STACKS = 100;
/** Longer ones are not kept. */
const MAX_TEXT = 512;
const MAX_STACK_TEXT = 8_192;

/** A frame with its place in the sources. */
export interface PlacedFrame {
  readonly frame: StackFrame;
  readonly place: SourcePlace | undefined;
  readonly owner: FrameOwner;
  readonly packageName: string | undefined;
  /** For fingerprints. */
  readonly normal: NormalFrame;
}

/** The frames of an error. It does not change. */
export interface PlacedStack {
  readonly frames: readonly StackFrame[];
  readonly placed: readonly PlacedFrame[];
  /** For fingerprints; frozen. */
  readonly normals: readonly NormalFrame[];
}

/** Keeps frames; one for a builder of reports. */
export class KnownFrames {
  readonly #sources: SourceFiles;
  readonly #texts = new Map<string, StackFrame>();
  readonly #stacks = new Map<string, PlacedStack>();
  #placed = new WeakMap<StackFrame, PlacedFrame>();
  #shown = new WeakMap<PlacedFrame, ReportFrame>();
  #settings: object | undefined;
  #filesLetGo = 0;

  constructor(sources: SourceFiles) {
    this.#sources = sources;
  }

  /** To be called before the frames of an error are looked at. */
  begin(settings: object): void {
    const { filesLetGo } = this.#sources;
    if (settings === this.#settings && filesLetGo === this.#filesLetGo) return;
    this.#settings = settings;
    this.#filesLetGo = filesLetGo;
    this.#placed = new WeakMap();
    this.#shown = new WeakMap();
    this.#stacks.clear();
  }

  /** The frame of a line of a stack. */
  readonly read = (text: string): StackFrame => {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (text.length > MAX_TEXT) return parseFrame(text);
    if (this.#texts.size >= MAX_KNOWN) this.#texts.clear();
    const own = copyOf(text);
    const frame = parseFrame(own);
    this.#texts.set(own, frame);
    return frame;
  };

  /** The frames of the part of a stack's text that has them. */
  stack(text: string, make: (text: string) => PlacedStack): PlacedStack {
    const known = this.#stacks.get(text);
    if (known !== undefined) return known;
    const stack = make(text);
    if (text.length > MAX_STACK_TEXT) return stack;
    if (this.#stacks.size >= MAX_STACKS) this.#stacks.clear();
    this.#stacks.set(copyOf(text), stack);
    return stack;
  }

  place(frame: StackFrame, make: (frame: StackFrame) => PlacedFrame): PlacedFrame {
    return kept(this.#placed, frame, make);
  }

  shown(placed: PlacedFrame, make: (placed: PlacedFrame) => ReportFrame): ReportFrame {
    return kept(this.#shown, placed, make);
  }
}

/** A part of a text holds the whole of it; a stack is up to hundreds of kilobytes long. */
function copyOf(text: string): string {
  return USUAL.test(text)
    ? Buffer.from(text, "latin1").toString("latin1")
    : Buffer.from(text, "utf16le").toString("utf16le");
}

const USUAL = /^[ -~\n]*$/;

function kept<Key extends object, Value>(
  known: WeakMap<Key, Value>,
  key: Key,
  make: (key: Key) => Value,
): Value {
  let value = known.get(key);
  if (value === undefined) {
    value = make(key);
    known.set(key, value);
  }
  return value;
}
