// Exemplars that nobody has to give: a source, which tracing sets, says what the present moment belongs to (trace_id, span_id), and
// counters and histograms ask it now and then.
//
//   inc(), observe() ── askings > 0? ── no: the usual case, one number compared, and all there is when no source is set
//                           │ yes
//                           ├── this series (or bucket) has had one in this interval: nothing more
//                           └── source() ── labels: kept as its exemplar, marked for this interval
//                                      └── undefined (no span, or one that is not sampled): the next call may ask again
//
//   a timer, each interval:   interval + 1, askings = 1,000
//
// So each counter series and each bucket gets at most one new exemplar an interval (a second), as in the Prometheus client for Java,
// and the source is asked at most 1,000 times an interval in the whole process, however hot the paths are: where few spans are
// sampled, most askings find nothing. No clock is read on the way; the interval is a number that a timer counts up, and what a
// series had is one byte (1 to 255; that one of 255 intervals may be taken for another costs one exemplar).
//
// The state lives under a global symbol, as the default registry does, so that tracing and metrics of two copies of this package
// find each other. A source that throws is counted as misuse and never reaches who counts.

import type { UnixMs } from "@flx/model/write";
import { ExemplarStore } from "./exemplar-store.ts";
import type { Misuse } from "./misuse.ts";

/** Says what an exemplar taken now would lead to; `undefined`: nothing. */
export type ExemplarSource = () => Readonly<Record<string, unknown>> | undefined;

/** How often exemplars are taken. */
export interface ExemplarSourceOptions {
  /** A counter series, or a bucket, gets at most one new exemplar in so many milliseconds (default 1,000). */
  readonly intervalMs?: number;
  /** How often the source is asked at most in that time, by all metrics together (default 1,000). */
  readonly maxAskings?: number;
}

interface AutomaticExemplars {
  /** How often the source may still be asked in this interval; 0 without a source. */
  askings: number;
  /** 1 to 255, again and again. */
  interval: number;
  source: ExemplarSource | undefined;
  timer: NodeJS.Timeout | undefined;
}

const key = Symbol.for("@flx/monitoring.exemplars");
const shared = globalThis as { [key]?: AutomaticExemplars };

/** Whether and when exemplars are taken; instruments compare `askings` with 0 before they call `takeExemplar`. */
export const automatic: AutomaticExemplars = (shared[key] ??= {
  askings: 0,
  interval: 1,
  source: undefined,
  timer: undefined,
});

/**
 * Sets where counters and histograms of this process take exemplars from, in place of the source before; `undefined` ends it.
 *
 *     setExemplarSource(() => {
 *       const span = trace.getActiveSpan()?.spanContext();
 *       return span && { trace_id: span.traceId, span_id: span.spanId };
 *     });
 *
 * The source is called in `inc` and `observe`, so it has to be quick; it must not count or observe itself.
 */
export function setExemplarSource(
  source: ExemplarSource | undefined,
  { intervalMs = 1_000, maxAskings = 1_000 }: ExemplarSourceOptions = {},
): void {
  clearInterval(automatic.timer);
  automatic.timer = undefined;
  automatic.source = source;
  automatic.askings = 0;
  if (source === undefined) return;
  const next = () => {
    automatic.interval = (automatic.interval % 255) + 1;
    automatic.askings = maxAskings;
  };
  next();
  automatic.timer = setInterval(next, intervalMs).unref();
}

/** What takes exemplars: a counter or histogram. */
export interface ExemplarTaker {
  exemplars: ExemplarStore | undefined;
  /** Whether it takes them from the source. */
  readonly takesExemplars: boolean;
  readonly misuse: Misuse;
  readonly wallClock: () => number;
}

/** Takes an exemplar for a position (a row, or a row's bucket) that has had none in this interval. */
export function takeExemplar(metric: ExemplarTaker, position: number, value: number): void {
  const { interval, source } = automatic;
  if (!metric.takesExemplars || metric.exemplars?.isTaken(position, interval) === true) return;
  automatic.askings--;
  try {
    const labels = source?.();
    if (labels === undefined) return;
    metric.exemplars ??= new ExemplarStore();
    metric.exemplars.setTaken(position, interval);
    const wrong = metric.exemplars.put(position, labels, value, metric.wallClock() as UnixMs);
    if (wrong !== undefined) metric.misuse.count(wrong.code);
  } catch {
    metric.misuse.count("FLX_METRIC_EXEMPLAR");
  }
}
