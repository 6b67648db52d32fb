// What became of the spans that the base rate has not chosen, for whoever watches the service.
//
//   flx_trace_tail_spans_total{outcome}    kept: their trace mattered; dropped: nothing happened; evicted: no room
//   flx_trace_tail_held_bytes              held until their trace is known to matter, by estimate
//
// Evicted spans are the ones to look at: with some, the memory or the bounds are too small for the traffic.

import { defaultRegistry } from "../metrics/default-registry.ts";
import { observableCounter, observableGauge } from "../metrics/observable.ts";
import type { Registry } from "../metrics/registry.ts";
import type { TailCounts } from "./tail-sampling.ts";

/** Whose spans are counted: a tracing with tail sampling. */
export interface CountedTail {
  readonly counts: Readonly<TailCounts>;
  readonly heldBytes: number;
}

/**
 * Exposes what tail sampling does; disposing takes the families out of the registry.
 *
 * @throws {FlxError} `FLX_METRIC_CLASH` when a name belongs to another metric
 */
export function collectTailMetrics(
  tail: CountedTail,
  { registry = defaultRegistry }: { readonly registry?: Registry } = {},
): Disposable {
  const registers = [registry];
  const names = [
    observableCounter({
      name: "flx_trace_tail_spans_total",
      help: "Spans that the base rate has not chosen, by what became of them",
      labelNames: ["outcome"],
      registers,
      collect: (observe) => {
        const { kept, dropped, evicted } = tail.counts;
        for (const [outcome, count] of Object.entries({ kept, dropped, evicted })) {
          observe({ outcome }, count);
        }
      },
    }).name,
    observableGauge({
      name: "flx_trace_tail_held_bytes",
      help: "Memory of spans whose trace may still matter, by estimate",
      registers,
      collect: (observe) => observe(tail.heldBytes),
    }).name,
  ];
  return {
    [Symbol.dispose]: () => {
      for (const name of names) registry.release(name);
    },
  };
}
