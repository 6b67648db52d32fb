// When a span begins and ends: wall-clock time that never runs backwards inside a trace.
//
//   time = anchor + performance.now()        anchor = Date.now() - performance.now(), as seconds and milliseconds
//
// `Date.now()` alone has milliseconds and jumps when somebody sets the clock; `performance.now()` alone drifts away from
// the wall over weeks and stands still while a laptop sleeps. So each local root of a trace takes an anchor, and all its
// spans use that one; the anchor is made anew once it is more than a few milliseconds wrong.

/** How far the anchor may be off before it is made anew, in milliseconds. */
const TOLERANCE_MS = 5;

/** What is added to `performance.now()` to have the time of day. */
export class ClockAnchor {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  /** And milliseconds. */
  readonly ms: number;

  constructor(wallMs: number, monotonicMs: number) {
    const offsetMs = wallMs - monotonicMs;
    this.seconds = Math.floor(offsetMs / 1000);
    this.ms = offsetMs - this.seconds * 1000;
  }

  /** How far it is from the truth. */
  errorMs(wallMs: number, monotonicMs: number): number {
    return Math.abs(this.seconds * 1000 + this.ms + monotonicMs - wallMs);
  }
}

/** How long an anchor that was right is taken to be right, in milliseconds: asking the wall clock costs 30 ns. */
const TRUSTED_MS = 0.5;

let anchor = new ClockAnchor(Date.now(), performance.now());
let checkedMs = -Infinity;

/** The anchor for a new local root. */
export function clockAnchor(monotonicMs: number): ClockAnchor {
  if (monotonicMs - checkedMs < TRUSTED_MS && monotonicMs >= checkedMs) return anchor;
  checkedMs = monotonicMs;
  const wallMs = Date.now();
  // Date.now() is cut to whole milliseconds, so up to 1 ms of this is no error.
  if (anchor.errorMs(wallMs, monotonicMs) > TOLERANCE_MS) {
    anchor = new ClockAnchor(wallMs, monotonicMs);
  }
  return anchor;
}

/** Times as the API takes them: [seconds, nanoseconds], milliseconds since 1970 or of performance.now(), a Date. */
export type TimeLike = readonly [number, number] | number | Date;

/** A time in seconds and nanoseconds. */
export interface SplitTime {
  readonly seconds: number;
  readonly nanos: number;
}

/**
 * Plain numbers below this are times of performance.now() (three years of it), others milliseconds since 1970 (from 1973 on).
 * OpenTelemetry draws the line at the start of the process, and so reads what happened before it wrong.
 */
const LEAST_UNIX_MS = 1e11;

/** Seconds and nanoseconds of a time that a caller gives; undefined when it is none. */
export function splitTime(time: unknown): SplitTime | undefined {
  if (time === undefined) return undefined;
  try {
    return split(time);
  } catch {
    // A proxy, perhaps.
    return undefined;
  }
}

function split(time: unknown): SplitTime | undefined {
  if (Array.isArray(time)) {
    const [seconds, nanos] = time as unknown[];
    if (!isTime(seconds) || !isTime(nanos)) return undefined;
    const carry = Math.floor(nanos / 1e9);
    return { seconds: Math.floor(seconds) + carry, nanos: Math.floor(nanos - carry * 1e9) };
  }
  let ms = time instanceof Date ? time.getTime() : time;
  if (!isTime(ms)) return undefined;
  if (typeof time === "number" && ms < LEAST_UNIX_MS) ms += performance.timeOrigin;
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.floor((ms - seconds * 1000) * 1e6) };
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < 1e16;
}
