// Audit lines: every change of the station and every refused login, in the station's log.
//
//   { audit: "change",  what: "POST /-/reload", by: "alice", from: "10.0.0.7", status: 200 }      info
//   { audit: "refused", by: "alice", from: "10.0.0.7", kind: "forbidden", why: "..." }             warn
//
// Refusals come as fast as somebody guesses: each address has a few lines, and then one every ten seconds that says how many
// were left out; all addresses together have a bound, too. Changes are all written: only who was let in makes them.
//
// No line holds what a caller has sent, but the path it asked for, without its query.

import type { RefusedCaller } from "./access/access-control.ts";
import { printable } from "./printable.ts";
import { RateLimit } from "./rate-limit.ts";
import type { StationLog } from "./station-log.ts";

/** Something that somebody changed, or tried to. */
export interface AuditedChange {
  /** Method and path, or the name of a signal. */
  readonly what: string;
  readonly by: string;
  readonly from: string;
  /** Of HTTP; 200 when it went well. */
  readonly status: number;
}

const LINES_OF_ADDRESS = { tries: 5, refillMs: 10_000, maxKeys: 1_000 };
const LINES_OF_ALL = { tries: 100, refillMs: 1_000, maxKeys: 1 };
const ALL = "";

/** Writes audit lines. */
export class AuditLog {
  readonly #log: StationLog;
  readonly #elapsed: () => number;
  readonly #byAddress = new RateLimit(LINES_OF_ADDRESS);
  readonly #all = new RateLimit(LINES_OF_ALL);
  #leftOut = 0;

  /** @param elapsed milliseconds that never go back */
  constructor(log: StationLog, elapsed: () => number) {
    this.#log = log;
    this.#elapsed = elapsed;
  }

  /** Somebody who was let in has changed something, or tried to. */
  change({ what, by, from, status }: AuditedChange): void {
    const fields = { audit: "change", what: printable(what), by, from, status };
    this.#log.info(fields, status < 400 ? "a change" : "a change that was not made");
  }

  /** Somebody was not let in. */
  refused({ user, remoteAddress: from, kind, reason }: RefusedCaller): void {
    const nowMs = this.#elapsed();
    if (this.#byAddress.waitMs(from, nowMs) > 0 || this.#all.waitMs(ALL, nowMs) > 0) {
      this.#leftOut++;
      return;
    }
    this.#byAddress.take(from, nowMs);
    this.#all.take(ALL, nowMs);
    const by = user ?? "somebody unknown";
    const more = this.#leftOut === 0 ? {} : { leftOut: this.#leftOut };
    this.#leftOut = 0;
    const fields = { audit: "refused", by, from, kind, why: printable(reason), ...more };
    this.#log.warn(fields, "somebody was not let in");
  }
}
