// Runs PromQL for whoever asks: one gate for all, limits per query, a list of what runs, counters of how it went.
//
//   text ─► parse ─► gate ─► active list ─► engine ─► result
//                                 │           └─ counters: queries by result, seconds, samples
//                                 └─ signal: the client's, and the query's timeout
//
// Each query is a span, `flx.query`, where tracing is set up: with --import @flx/monitoring/register it goes where OTEL_*
// variables say. Without, it costs nothing.

import { FlxError } from "@flx/model";
import { trace } from "@flx/monitoring/tracing";
import {
  type InstantOptions,
  type PreparedQuery,
  type QueryResult,
  type RangeOptions,
} from "@flx/promql";
import type { ActiveQueries } from "./active-queries.ts";
import type { Gate } from "./gate.ts";
import type { QueryEngine } from "./query-engine.ts";

/** Told how each query went. */
export interface QueryObserver {
  /** @param seconds with the wait at the gate */
  onQuery(this: void, kind: QueryKind, outcome: string, seconds: number, samples: number): void;
}

export interface QueryRunnerOptions {
  readonly engine: QueryEngine;
  readonly gate: Gate;
  readonly active: ActiveQueries;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The longest a query may take; a query may ask for less. */
  readonly timeoutMs: number;
  readonly observer?: QueryObserver | undefined;
}

/** What a query may ask for. */
export interface AskOptions {
  /** At most the runner's. */
  readonly timeoutMs?: number | undefined;
  readonly lookbackMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

type QueryKind = "instant" | "range";
type Evaluate = (common: Omit<InstantOptions, "timeMs">) => Promise<QueryResult>;

/** Characters of a query that its span has. */
const MAX_TRACED_TEXT = 1_000;

/** Runs queries. */
export class QueryRunner {
  readonly #options: QueryRunnerOptions;

  constructor(options: QueryRunnerOptions) {
    this.#options = options;
  }

  /** What runs now. */
  get active(): ActiveQueries {
    return this.#options.active;
  }

  /**
   * Parses and checks a query.
   *
   * @throws {PromqlParseError} when it is not PromQL
   */
  prepare(text: string): PreparedQuery {
    return this.#options.engine.prepare(text);
  }

  /**
   * Evaluates a query at one time.
   *
   * @throws {FlxError} as `PromqlEngine.instant` does; `FLX_QUERY_BUSY`, `FLX_QUERY_WAIT` at the gate
   */
  instant(query: PreparedQuery, timeMs: number, ask: AskOptions = {}): Promise<QueryResult> {
    return this.#run("instant", query, ask, (common) =>
      this.#options.engine.instant(query, { ...common, timeMs }),
    );
  }

  /**
   * Evaluates a query at many times.
   *
   * @throws {FlxError} as `PromqlEngine.range` does; `FLX_QUERY_BUSY`, `FLX_QUERY_WAIT` at the gate
   */
  range(
    query: PreparedQuery,
    times: Pick<RangeOptions, "startMs" | "endMs" | "stepMs">,
    ask: AskOptions = {},
  ): Promise<QueryResult> {
    return this.#run("range", query, ask, (common) =>
      this.#options.engine.range(query, { ...common, ...times }),
    );
  }

  readonly #run = trace(
    "flx.query",
    {
      attributes: (kind: QueryKind, query: PreparedQuery) => ({
        "flx.query.kind": kind,
        "flx.query.text": query.text.slice(0, MAX_TRACED_TEXT),
      }),
    },
    (kind: QueryKind, query: PreparedQuery, ask: AskOptions, evaluate: Evaluate) =>
      this.#evaluate(kind, query, ask, evaluate),
  );

  async #evaluate(
    kind: QueryKind,
    query: PreparedQuery,
    ask: AskOptions,
    evaluate: Evaluate,
  ): Promise<QueryResult> {
    const { gate, active, now, observer } = this.#options;
    const timeoutMs = Math.min(ask.timeoutMs ?? Infinity, this.#options.timeoutMs);
    const deadline = AbortSignal.timeout(Math.max(1, Math.min(timeoutMs, 2 ** 31 - 1)));
    const signal = ask.signal === undefined ? deadline : AbortSignal.any([deadline, ask.signal]);
    const startedMs = now();
    let outcome = "success";
    let samples = 0;
    try {
      const result = await gate.run(async () => {
        const id = active.begin(query.text, now());
        try {
          const limits = { timeoutMs: Math.max(1, timeoutMs - (now() - startedMs)) };
          const lookback = ask.lookbackMs === undefined ? {} : { lookbackMs: ask.lookbackMs };
          return await evaluate({ signal, limits, ...lookback });
        } finally {
          active.end(id);
        }
      }, signal);
      samples = result.statistics.samplesRead;
      return result;
    } catch (error) {
      const failure = deadline.aborted ? timedOut(error, timeoutMs) : error;
      outcome = failure instanceof FlxError ? failure.code : "internal";
      throw failure;
    } finally {
      observer?.onQuery(kind, outcome, (now() - startedMs) / 1_000, samples);
    }
  }
}

/** An abort by our own deadline is a timeout, not a client that left. */
function timedOut(error: unknown, timeoutMs: number): unknown {
  if (!(error instanceof FlxError)) return error;
  if (error.code !== "FLX_PROMQL_ABORTED" && error.code !== "FLX_QUERY_WAIT") return error;
  return new FlxError("FLX_PROMQL_TIMEOUT", `query timed out after ${timeoutMs / 1_000} s`, {
    cause: error,
  });
}
