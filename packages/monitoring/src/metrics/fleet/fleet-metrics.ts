// What a gatherer says of itself: who is there, who is silent, what was lost.

import type { Registry } from "../registry.ts";
import { LineMetric } from "../line-metric.ts";
import type { MemberSource, SourceFacts } from "./member-source.ts";

/** The families, by the fact they show. */
const FACTS: readonly {
  readonly fact: keyof SourceFacts;
  readonly type: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
}[] = [
  {
    fact: "members",
    type: "gauge",
    name: "flx_fleet_members",
    help: "Threads and processes that are gathered",
  },
  {
    fact: "silent",
    type: "gauge",
    name: "flx_fleet_silent_members",
    help: "Members that did not answer in time; what they count is there, what they compute is old",
  },
  {
    fact: "ended",
    type: "counter",
    name: "flx_fleet_ended_members_total",
    help: "Members that have ended; what they counted stays",
  },
  {
    fact: "bytes",
    type: "gauge",
    name: "flx_fleet_shared_bytes",
    help: "Memory that threads share, or that the state of processes takes",
  },
  {
    fact: "lost",
    type: "counter",
    name: "flx_fleet_lost_deltas_total",
    help: "Deltas of processes that did not arrive; each was made up for by a whole state",
  },
  {
    fact: "refused",
    type: "counter",
    name: "flx_fleet_refused_messages_total",
    help: "Messages that were not what they must be",
  },
];

/** The gatherer's own metrics. */
export class FleetMetrics {
  readonly #lines: readonly LineMetric[];
  readonly #refused: LineMetric;

  constructor(registry: Registry) {
    const { misuse } = registry;
    this.#lines = FACTS.map(({ type, name, help }) => {
      return new LineMetric({ type, name, help, labelNames: ["kind"], misuse });
    });
    this.#refused = new LineMetric({
      type: "gauge",
      name: "flx_fleet_refused_metrics",
      help: "Metrics that are left out because members declare them differently",
      labelNames: ["metric"],
      misuse,
    });
    for (const metric of [...this.#lines, this.#refused]) registry.register(metric);
  }

  /** Brings the metrics up to date. */
  update(sources: readonly MemberSource[], refused: Iterable<string>): void {
    for (const { kind, facts } of sources) {
      for (const [i, { fact }] of FACTS.entries()) {
        if (kind === "thread" && (fact === "lost" || fact === "refused")) continue;
        const metric = this.#lines[i]!;
        const row = metric.row({ kind });
        if (row >= 0) metric.cells.set(row, facts[fact]);
      }
    }
    this.#refused.reset();
    for (const metric of refused) {
      const row = this.#refused.row({ metric });
      if (row >= 0) this.#refused.cells.set(row, 1);
    }
  }
}
