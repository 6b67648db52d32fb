// Rate, errors and duration of every service and operation, counted from their spans.
//
//   traces_span_metrics_calls_total        {service_name, span_name, span_kind, status_code}
//   traces_span_metrics_duration_seconds   the same; a native histogram with exemplars
//
// Bounded: so many operations of a service, so many label sets of all. What is beyond is counted all the same, in a set of its
// own that has otel_metric_overflow="true" and no span_name, or no service_name either: sums stay right whatever comes.
//
//   service ─► operation ─► 18 cells, one for each kind and status, made when they are first counted
//
// Names and labels are those of the OpenTelemetry Collector's spanmetrics connector with its default namespace and seconds.

import { Labels } from "@flx/model";
import { CounterSeries, HistogramSeries } from "./generated-series.ts";
import type { SeriesWriter } from "./series-writer.ts";
import { shortName } from "./short-name.ts";
import type { TracedSpan } from "./traced-span.ts";

/** How many series there may be. */
export interface SpanMetricsLimits {
  /** Operations of one service; one is a span's name. */
  readonly operations_per_service: number;
  /** Label sets of all services: operation, kind and status. */
  readonly label_sets: number;
}

const KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const STATUSES = ["UNSET", "OK", "ERROR"];
export const CALLS = "traces_span_metrics_calls_total";
export const DURATION = "traces_span_metrics_duration_seconds";

/** One label set. */
interface Cell {
  readonly calls: CounterSeries;
  readonly duration: HistogramSeries;
}

/** The cells of an operation, by kind and status. */
type Cells = (Cell | undefined)[];

interface Service {
  readonly operations: Map<string, Cells>;
  readonly beyond: Cells;
}

/** Counts spans. */
export class SpanMetrics {
  readonly #limits: SpanMetricsLimits;
  readonly #services = new Map<string, Service>();
  readonly #beyond: Cells = [];
  #sets = 0;
  /** Spans that were counted in an overflow series. */
  overflowed = 0;

  constructor(limits: SpanMetricsLimits) {
    this.#limits = limits;
  }

  /** How many label sets there are, without those of the overflow. */
  get labelSets(): number {
    return this.#sets;
  }

  /** Counts a span. */
  add(span: TracedSpan, nowMs: number): void {
    const at = span.kind * STATUSES.length + span.status;
    const cell = this.#cells(span, at, nowMs)[at]!;
    cell.calls.add(nowMs);
    cell.duration.observe(span.seconds, nowMs, span);
  }

  /** The cells of a span, of which the one that is asked for is there. */
  #cells(span: TracedSpan, at: number, nowMs: number): Cells {
    const service = this.#services.get(span.service);
    const name = shortName(span.name);
    const known = service?.operations.get(name);
    if (known?.[at] !== undefined) return known;
    if (this.#sets >= this.#limits.label_sets) {
      return this.#over(this.#beyond, at, nowMs, {});
    }
    const found = service ?? this.#newService(span.service);
    const named = { service_name: span.service };
    if (known === undefined && found.operations.size >= this.#limits.operations_per_service) {
      return this.#over(found.beyond, at, nowMs, named);
    }
    const cells = known ?? [];
    if (known === undefined) found.operations.set(name, cells);
    cells[at] = cellOf({ ...named, span_name: name }, at, nowMs);
    this.#sets++;
    return cells;
  }

  #newService(name: string): Service {
    const made: Service = { operations: new Map(), beyond: [] };
    this.#services.set(name, made);
    return made;
  }

  #over(cells: Cells, at: number, nowMs: number, labels: Record<string, string>): Cells {
    this.overflowed++;
    cells[at] ??= cellOf({ ...labels, otel_metric_overflow: "true" }, at, nowMs);
    return cells;
  }

  /** Writes all series; those that nobody counted since `idleSinceMs` end. */
  write(writer: SeriesWriter, idleSinceMs: number): void {
    for (const [name, { operations, beyond }] of this.#services) {
      for (const [operation, cells] of operations) {
        this.#sets -= writeCells(cells, writer, idleSinceMs);
        if (isEmpty(cells)) operations.delete(operation);
      }
      writeCells(beyond, writer, idleSinceMs);
      if (operations.size === 0 && isEmpty(beyond)) this.#services.delete(name);
    }
    writeCells(this.#beyond, writer, idleSinceMs);
  }
}

function cellOf(labels: Record<string, string>, at: number, nowMs: number): Cell {
  const own = {
    ...labels,
    span_kind: `SPAN_KIND_${KINDS[Math.floor(at / STATUSES.length)]}`,
    status_code: `STATUS_CODE_${STATUSES[at % STATUSES.length]}`,
  };
  return {
    calls: new CounterSeries(Labels.from({ ...own, __name__: CALLS }), nowMs),
    duration: new HistogramSeries(Labels.from({ ...own, __name__: DURATION }), nowMs),
  };
}

/** How many ended. */
function writeCells(cells: Cells, writer: SeriesWriter, idleSinceMs: number): number {
  let ended = 0;
  for (const [at, cell] of cells.entries()) {
    if (cell === undefined) continue;
    const isIdle = cell.calls.usedMs < idleSinceMs;
    for (const series of [cell.calls, cell.duration]) {
      if (isIdle) writer.end(series);
      else writer.write(series);
    }
    if (!isIdle) continue;
    cells[at] = undefined;
    ended++;
  }
  return ended;
}

function isEmpty(cells: Cells): boolean {
  return !cells.some((cell) => cell !== undefined);
}
