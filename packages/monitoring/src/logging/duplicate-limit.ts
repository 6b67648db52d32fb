// The same line a thousand times a second says no more than ten times, and costs a hundred times as much.
//
//   within a window: the first `allow` lines of a kind pass, the others are counted
//   when the window is over, and there were others:   {"msg":"...","repeated":312}
//
// Lines are of a kind when level, message and the type of the error are the same; fields are not looked at, since an id
// in them is what makes a thousand equal lines look different. Kinds are bounded: beyond them lines pass.

import { closedWindow, openWindow } from "./open-windows.ts";

/** How much repetition is let through. */
export interface DuplicateSettings {
  /** Default 10. */
  readonly allow?: number | undefined;
  /** Default 1,000. */
  readonly windowMs?: number | undefined;
}

/** A kind of line that was held back. */
export interface HeldLines {
  readonly level: number;
  readonly message: string;
  readonly repeated: number;
}

interface Kind {
  readonly level: number;
  readonly message: string;
  count: number;
}

const DEFAULT_ALLOW = 10;
const DEFAULT_WINDOW_MS = 1_000;
const MAX_KINDS = 1_000;
const MAX_MESSAGE = 200;

/** Counts lines by kind and holds repetitions back. */
export class DuplicateLimit {
  readonly #allow: number;
  readonly #windowMs: number;
  readonly #report: (held: HeldLines) => void;
  readonly #kinds = new Map<string, Kind>();
  #timer: NodeJS.Timeout | undefined;

  /** @param report called for each kind that was held back, when its window is over */
  constructor(settings: DuplicateSettings, report: (held: HeldLines) => void) {
    this.#allow = settings.allow ?? DEFAULT_ALLOW;
    this.#windowMs = settings.windowMs ?? DEFAULT_WINDOW_MS;
    this.#report = report;
  }

  /** Whether a line may pass. */
  passes(level: number, message: string, errorType: string): boolean {
    const key = `${level}\n${errorType}\n${message.slice(0, MAX_MESSAGE)}`;
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      if (this.#kinds.size >= MAX_KINDS) return true;
      kind = { level, message: message.slice(0, MAX_MESSAGE), count: 0 };
      this.#kinds.set(key, kind);
      if (this.#timer === undefined) this.#open();
    }
    return ++kind.count <= this.#allow;
  }

  #open(): void {
    openWindow(this);
    this.#timer = setTimeout(() => {
      this.flush();
    }, this.#windowMs).unref();
  }

  /** Ends the window: what was held back is reported. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    closedWindow(this);
    const kinds = [...this.#kinds.values()];
    this.#kinds.clear();
    for (const { level, message, count } of kinds) {
      if (count > this.#allow) this.#report({ level, message, repeated: count - this.#allow });
    }
  }
}
