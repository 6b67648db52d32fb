// How late the event loop is, and how much of the time it is busy.
//
//   timer of `resolution`   |----20 ms----|----20 ms-----|-------31 ms-------|
//   delay                                 0              0                  11 ms
//   utilisation             ▓▓▓░░░░░░░░░░░▓░░░░░░░░░░░░░░▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓     busy / (busy + waiting)
//
// Node's histogram holds the whole time between two firings; here the resolution is taken off, so that an idle
// loop has a delay near 0. Add it back for dashboards made for the peers' nodejs_eventloop_lag_* (raw values).
//
// The timer is native: it runs while JavaScript does not, and does not keep the process alive. It does wake an
// idle process: on a 2-core virtual machine 0.6 to 1 % of a core at 10 ms, half of that at 20 ms, which is why 20
// is the default. A busy loop hardly notices. Several monitors of one resolution cost little more than one.
//
// One reader a monitor: `take()` starts a new window, so whoever scrapes has a monitor of its own and sees every
// delay since its last scrape.
//
// Source: https://nodejs.org/api/perf_hooks.html (monitorEventLoopDelay, eventLoopUtilization).

import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { DurationMs } from "@flx/model/write";

const NANOSECONDS = 1_000_000_000;
const MILLISECONDS = 1_000;

/** Delays of one window, in seconds, without the resolution; undefined fields: nothing was measured in it. */
export interface EventLoopDelay {
  /** How many times the timer fired. */
  readonly count: number;
  readonly minSeconds: number | undefined;
  readonly maxSeconds: number | undefined;
  readonly meanSeconds: number | undefined;
  readonly stddevSeconds: number | undefined;
  readonly p50Seconds: number | undefined;
  readonly p90Seconds: number | undefined;
  readonly p99Seconds: number | undefined;
  /** The interval of the timer: what raw values contain and these do not. */
  readonly resolutionSeconds: number;
}

/** Time since the loop began, in seconds. */
export interface EventLoopTime {
  readonly activeSeconds: number;
  readonly idleSeconds: number;
  /** active / (active + idle) since the loop began, 0..1. */
  readonly utilizationRatio: number;
}

/** Measures the delay of the loop of this thread. */
export class EventLoopMonitor implements Disposable {
  readonly #histogram: ReturnType<typeof monitorEventLoopDelay>;
  readonly #resolutionMs: number;

  /** @param resolutionMs interval of the timer, a whole number of ms >= 1 */
  constructor({ resolutionMs = 20 as DurationMs }: { readonly resolutionMs?: DurationMs } = {}) {
    this.#resolutionMs = resolutionMs;
    this.#histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#histogram.enable();
  }

  /** The delays since the last call; starts a new window. */
  take(): EventLoopDelay {
    const histogram = this.#histogram;
    const { count } = histogram;
    const delay = (nanoseconds: number): number | undefined =>
      count === 0
        ? undefined
        : Math.max(0, nanoseconds / NANOSECONDS - this.#resolutionMs / MILLISECONDS);
    const taken: EventLoopDelay = {
      count,
      minSeconds: delay(histogram.min),
      maxSeconds: delay(histogram.max),
      meanSeconds: delay(histogram.mean),
      stddevSeconds: count === 0 ? undefined : histogram.stddev / NANOSECONDS,
      p50Seconds: delay(histogram.percentile(50)),
      p90Seconds: delay(histogram.percentile(90)),
      p99Seconds: delay(histogram.percentile(99)),
      resolutionSeconds: this.#resolutionMs / MILLISECONDS,
    };
    histogram.reset();
    return taken;
  }

  /** Stops the timer. */
  [Symbol.dispose](): void {
    this.#histogram.disable();
  }
}

/** How long the loop of this thread has been busy and waiting so far. */
export function readEventLoopTime(): EventLoopTime {
  const { active, idle, utilization } = performance.eventLoopUtilization();
  return {
    activeSeconds: active / MILLISECONDS,
    idleSeconds: idle / MILLISECONDS,
    utilizationRatio: utilization,
  };
}
