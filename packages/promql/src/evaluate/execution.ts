// One run of a query: what its nodes share. Limits and the budget they are held against, the clock and the signal,
// annotations, counters, and the series its selectors were given.
//
// Evaluation is synchronous work in pieces: between pieces (a thousand series or so) `checkpoint` looks at the clock
// and the signal, and lets other work run when the host has given a way to (`pause`). A pure package has none itself.

import { FlxError } from "@flx/model";
import type { SeriesData } from "../series/queryable.ts";
import { Annotations } from "./annotations.ts";
import type { QueryLimits } from "./limits.ts";
import type { Matrix } from "./matrix.ts";
import type { SelectorNode } from "./plan-nodes.ts";
import { NodeCounters } from "./statistics.ts";

/** What the host of the engine lends it. */
export interface Host {
  /** Milliseconds from some fixed point, for timeouts and statistics, such as `performance.now()`. */
  readonly now?: (() => number) | undefined;
  /** Lets other work run and comes back, such as `setImmediate` as a promise; called every 20 ms or so. */
  readonly pause?: (() => Promise<void>) | undefined;
}

/** Behaviour that Prometheus has behind feature flags. */
export interface EvaluationFeatures {
  /** Names are dropped at the end of the query, so that `label_replace` and the like still see them. */
  readonly delayedNameRemoval: boolean;
  /** Whether something is a counter is read off the label `__type__`. */
  readonly typeAndUnitLabels: boolean;
  /** `rate`, `increase`, `irate` and `resets` use the start timestamps of samples. */
  readonly startTimestamps: boolean;
}

/** What one run is made from. */
export interface ExecutionSettings {
  readonly lookbackMs: number;
  readonly limits: QueryLimits;
  readonly features: EvaluationFeatures;
  readonly host: Host;
  readonly signal: AbortSignal | undefined;
  /** Whether the query is a range query, also when it has one step only. */
  readonly isRangeQuery: boolean;
}

const PAUSE_EVERY_MS = 20;

/** The state of one run. */
export class Execution {
  readonly lookbackMs: number;
  readonly features: EvaluationFeatures;
  readonly limits: QueryLimits;
  readonly annotations: Annotations = new Annotations();
  readonly isRangeQuery: boolean;
  /** The series of each selector, by node id. */
  readonly series: Map<number, readonly SeriesData[]> = new Map();
  readonly counters: (NodeCounters | undefined)[] = [];
  samplesRead = 0;
  peakSamples = 0;
  peakBytes = 0;
  readonly #held = new Map<Matrix, { readonly samples: number; readonly bytes: number }>();
  #samples = 0;
  #bytes = 0;
  readonly #host: Host;
  readonly #signal: AbortSignal | undefined;
  readonly #deadlineMs: number;
  #pausedMs: number;

  constructor(settings: ExecutionSettings) {
    this.lookbackMs = settings.lookbackMs;
    this.features = settings.features;
    this.limits = settings.limits;
    this.isRangeQuery = settings.isRangeQuery;
    this.#host = settings.host;
    this.#signal = settings.signal;
    this.#pausedMs = this.now();
    this.#deadlineMs = this.now() + settings.limits.timeoutMs;
  }

  /** Milliseconds of the host's clock; 0 without one. */
  now(): number {
    return this.#host.now?.() ?? 0;
  }

  /**
   * To be awaited when it gives a promise.
   *
   * @throws {FlxError} `FLX_PROMQL_ABORTED`, `FLX_PROMQL_TIMEOUT`
   */
  checkpoint(): Promise<void> | undefined {
    if (this.#signal?.aborted === true) {
      throw new FlxError("FLX_PROMQL_ABORTED", "query was canceled in expression evaluation", {
        cause: this.#signal.reason,
      });
    }
    const now = this.now();
    if (now > this.#deadlineMs) {
      throw new FlxError("FLX_PROMQL_TIMEOUT", "query timed out in expression evaluation");
    }
    const { pause } = this.#host;
    if (pause === undefined || now - this.#pausedMs < PAUSE_EVERY_MS) return undefined;
    this.#pausedMs = now;
    return pause();
  }

  counterOf(id: number): NodeCounters {
    return (this.counters[id] ??= new NodeCounters());
  }

  /** Counts samples read by a selector. */
  read(node: SelectorNode, samples: number): void {
    this.samplesRead += samples;
    this.counterOf(node.id).samplesRead += samples;
  }

  /**
   * Counts samples that are now in memory.
   *
   * @throws {FlxError} `FLX_PROMQL_SAMPLES`
   */
  holdSamples(count: number): void {
    this.#samples += count;
    if (this.#samples > this.peakSamples) this.peakSamples = this.#samples;
    if (this.#samples > this.limits.maxSamples) {
      throw new FlxError(
        "FLX_PROMQL_SAMPLES",
        "query processing would load too many samples into memory in query execution",
      );
    }
  }

  releaseSamples(count: number): void {
    this.#samples -= count;
  }

  /**
   * Makes sure that a matrix of so many rows fits before memory is taken for it.
   *
   * @throws {FlxError} `FLX_PROMQL_BYTES`
   */
  reserve(steps: number, rows: number): void {
    this.#limitBytes(this.#bytes + steps * rows * 9);
  }

  /**
   * Counts a matrix that is now in memory; again after it was changed in place.
   *
   * @throws {FlxError} `FLX_PROMQL_BYTES`, `FLX_PROMQL_SAMPLES`
   */
  hold(matrix: Matrix): void {
    this.release(matrix);
    const size = { samples: matrix.sampleCount(), bytes: matrix.byteLength };
    this.#held.set(matrix, size);
    this.#bytes += size.bytes;
    this.#limitBytes(this.#bytes);
    this.holdSamples(size.samples);
  }

  /** Counts a matrix that is read and done with. */
  release(matrix: Matrix): void {
    const size = this.#held.get(matrix);
    if (size === undefined) return;
    this.#held.delete(matrix);
    this.#bytes -= size.bytes;
    this.releaseSamples(size.samples);
  }

  #limitBytes(bytes: number): void {
    if (bytes > this.peakBytes) this.peakBytes = bytes;
    if (bytes > this.limits.maxBytes) {
      throw new FlxError(
        "FLX_PROMQL_BYTES",
        `the query would hold ${bytes} bytes, more than its limit of ${this.limits.maxBytes}; select fewer series, or make the step longer`,
      );
    }
  }
}

/** An error of evaluation in Prometheus' words. */
export function evaluationError(message: string): FlxError {
  return new FlxError("FLX_PROMQL_EXECUTION", message);
}
