// The engine: a query in, its result out.
//
//   const engine = new PromqlEngine({ queryable });
//   const { value, warnings } = await engine.instant("sum by (job) (rate(x_total[5m]))", { timeMs });
//
//   text ── parse ──> syntax tree ── plan ──> plan ── select ──> series ── evaluate ──> matrix ──> value
//           (prepare: once per text)      per evaluation time: everything from here on
//
// The engine holds no state between queries and may run many at once. It reads no clock: timeouts and timings need
// `now`, and long evaluations let other work run only when they are given a way to (`pause`).

import type { Labels } from "@flx/model";
import { FlxError } from "@flx/model";
import type { Expr } from "../ast/nodes.ts";
import { valueType } from "../ast/type-of.ts";
import { documentedType } from "../ast/value-type.ts";
import { infoRequest } from "../functions/info.ts";
import { seriesOfMatrix } from "../functions/range-call.ts";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import type { ExperimentalFeatures } from "../parse/options.ts";
import { parseExpr } from "../parse/parser.ts";
import type { Queryable, SelectHints, SeriesData, TimeRange } from "../series/queryable.ts";
import type { Annotation } from "./annotations.ts";
import { Evaluator } from "./evaluator.ts";
import { type EvaluationFeatures, Execution, type Host } from "./execution.ts";
import { explainPlan } from "./explain.ts";
import { type Grid, gridOf, instantGrid } from "./grid.ts";
import { defaultLimits, type QueryLimits } from "./limits.ts";
import type { Matrix } from "./matrix.ts";
import { FLOAT, HISTOGRAM } from "./matrix.ts";
import { withoutMetadata } from "./metric-labels.ts";
import { type Plan, planQuery } from "./plan.ts";
import { childrenOf, type PlanNode, typeOf } from "./plan-nodes.ts";
import { rangeSeries } from "./range-result.ts";
import { nodeStatistics, type QueryStatistics } from "./statistics.ts";
import type { Matcher } from "../matcher/matcher.ts";

/** What may be switched on; everything is off by default, as in Prometheus. */
export interface EngineFeatures extends Partial<EvaluationFeatures> {
  /** Experimental parts of the language: all, or those named. */
  readonly experimental?: boolean | Partial<ExperimentalFeatures>;
}

/** How an engine is set up. */
export interface EngineOptions extends Host {
  /** Where series come from. */
  readonly queryable: Queryable;
  /** How old a sample may be that an instant selector selects, ms. Default 5 minutes. */
  readonly lookbackMs?: number;
  /** The step of a subquery that names none, ms. Default 1 minute. */
  readonly defaultStepMs?: number;
  readonly limits?: Partial<QueryLimits>;
  readonly features?: EngineFeatures;
}

/** What one query may have of its own. */
export interface QueryOptions {
  /** Instead of the engine's. */
  readonly lookbackMs?: number;
  /** Instead of the engine's, limit by limit. */
  readonly limits?: Partial<QueryLimits>;
  /** Stops the query: at once while the store is asked, at the next pause while it is evaluated. */
  readonly signal?: AbortSignal;
}

/** An instant query. */
export interface InstantOptions extends QueryOptions {
  /** Evaluation time, Unix milliseconds. */
  readonly timeMs: number;
}

/** A range query: evaluated at startMs, startMs + stepMs, ... up to endMs; all Unix milliseconds. */
export interface RangeOptions extends QueryOptions {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** A query that is parsed and checked, to be run any number of times. */
export interface PreparedQuery {
  readonly text: string;
  readonly expr: Expr;
}

/** One element of an instant vector: a float, or a native histogram (`value` is NaN then). */
export interface VectorSample {
  readonly labels: Labels;
  readonly timeMs: number;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

/** What a query gives. Series of a matrix are ordered by labels; a vector is in the order its functions made. */
export type QueryValue =
  | { readonly kind: "scalar"; readonly timeMs: number; readonly value: number }
  | { readonly kind: "string"; readonly timeMs: number; readonly value: string }
  | { readonly kind: "vector"; readonly samples: readonly VectorSample[] }
  | { readonly kind: "matrix"; readonly series: readonly SeriesData[] };

/** A result with what there is to say about it. */
export interface QueryResult {
  readonly value: QueryValue;
  /** Warnings and infos with their places in the query. */
  readonly annotations: readonly Annotation[];
  /** Their messages, as Prometheus' API has them. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly statistics: QueryStatistics;
}

const DEFAULT_LOOKBACK_MS = 300_000;
const DEFAULT_STEP_MS = 60_000;

/** Evaluates PromQL over a Queryable, with the semantics of Prometheus 3. */
export class PromqlEngine {
  readonly #options: EngineOptions;
  readonly #limits: QueryLimits;
  readonly #features: EvaluationFeatures;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#features = {
      delayedNameRemoval: options.features?.delayedNameRemoval ?? false,
      typeAndUnitLabels: options.features?.typeAndUnitLabels ?? false,
      startTimestamps: options.features?.startTimestamps ?? false,
    };
  }

  /**
   * Parses and checks a query.
   *
   * @throws {PromqlParseError} when it is not PromQL
   */
  prepare(query: string): PreparedQuery {
    const experimental = this.#options.features?.experimental ?? false;
    const limits = { maxDepth: this.#limits.maxDepth };
    return { text: query, expr: parseExpr(query, { experimental, limits }) };
  }

  /**
   * Evaluates a query at one time.
   *
   * @throws {PromqlParseError} when it is not PromQL
   * @throws {FlxError} `FLX_PROMQL_EXECUTION` when the data does not allow it; `FLX_PROMQL_SAMPLES`,
   *   `FLX_PROMQL_BYTES`, `FLX_PROMQL_DEPTH`, `FLX_PROMQL_TIMEOUT` at a limit; `FLX_PROMQL_ABORTED` by the signal;
   *   `FLX_PROMQL_STORAGE` when the store fails; `FLX_PROMQL_DURATION` when a duration does not work out
   */
  async instant(query: string | PreparedQuery, options: InstantOptions): Promise<QueryResult> {
    const prepared = typeof query === "string" ? this.prepare(query) : query;
    const run = this.#run(prepared, instantGrid(options.timeMs), 0, options);
    return await run.instant();
  }

  /**
   * Evaluates a query at many times.
   *
   * @throws {FlxError} as `instant`; also `FLX_PROMQL_STEPS` when there are too many times, `FLX_PROMQL_QUERY` when
   *   the times are none or the query gives no vector or scalar
   */
  async range(query: string | PreparedQuery, options: RangeOptions): Promise<QueryResult> {
    const prepared = typeof query === "string" ? this.prepare(query) : query;
    const run = this.#run(prepared, this.#rangeGrid(options), options.stepMs, options);
    checkRangeType(prepared.expr);
    return await run.range();
  }

  /**
   * The plan of a query as text: what is asked of the store, what is evaluated once, and in which order.
   *
   * @throws {PromqlParseError} when it is not PromQL
   */
  explain(query: string | PreparedQuery, options: InstantOptions | RangeOptions): string {
    const prepared = typeof query === "string" ? this.prepare(query) : query;
    const isRange = "stepMs" in options;
    const grid = isRange ? this.#rangeGrid(options) : instantGrid(options.timeMs);
    return explainPlan(this.#plan(prepared, grid, isRange ? options.stepMs : 0, options).root);
  }

  #rangeGrid({ startMs, endMs, stepMs, limits }: RangeOptions): Grid {
    if (!(stepMs > 0) || !(endMs >= startMs)) {
      throw new FlxError(
        "FLX_PROMQL_QUERY",
        stepMs > 0
          ? "end timestamp must not be before start time"
          : "zero or negative query resolution step widths are not accepted. Try a positive integer",
      );
    }
    const grid = gridOf(startMs, endMs, stepMs);
    const maxSteps = limits?.maxSteps ?? this.#limits.maxSteps;
    if (grid.steps > maxSteps) {
      throw new FlxError(
        "FLX_PROMQL_STEPS",
        `exceeded maximum resolution of ${maxSteps.toLocaleString("en-US")} points per timeseries. Try decreasing the query resolution (?step=XX)`,
      );
    }
    return grid;
  }

  #plan(prepared: PreparedQuery, grid: Grid, stepMs: number, options: QueryOptions): Plan {
    return planQuery(prepared.expr, {
      startMs: grid.startMs,
      endMs: grid.endMs,
      stepMs,
      lookbackMs: this.#lookbackOf(options),
      defaultStepMs: this.#options.defaultStepMs ?? DEFAULT_STEP_MS,
      maxDepth: options.limits?.maxDepth ?? this.#limits.maxDepth,
    });
  }

  #run(prepared: PreparedQuery, grid: Grid, stepMs: number, options: QueryOptions): Run {
    const execution = new Execution({
      lookbackMs: this.#lookbackOf(options),
      limits: { ...this.#limits, ...options.limits },
      features: this.#features,
      host: this.#options,
      signal: options.signal,
      isRangeQuery: stepMs > 0,
    });
    const plan = this.#plan(prepared, grid, stepMs, options);
    return new Run(prepared.text, plan, grid, execution, this.#options.queryable, options.signal);
  }

  #lookbackOf(options: QueryOptions): number {
    return options.lookbackMs ?? this.#options.lookbackMs ?? DEFAULT_LOOKBACK_MS;
  }
}

function checkRangeType(expr: Expr): void {
  const type = valueType(expr);
  if (type === "vector" || type === "scalar") return;
  throw new FlxError(
    "FLX_PROMQL_QUERY",
    `invalid expression type "${documentedType(type)}" for range query, must be Scalar or instant Vector`,
  );
}

/** One run of a query. */
class Run {
  readonly #text: string;
  readonly #plan: Plan;
  readonly #grid: Grid;
  readonly #execution: Execution;
  readonly #queryable: Queryable;
  readonly #signal: AbortSignal | undefined;
  readonly #evaluator: Evaluator;
  #selectMs = 0;
  #startedMs = 0;

  constructor(
    text: string,
    plan: Plan,
    grid: Grid,
    execution: Execution,
    queryable: Queryable,
    signal: AbortSignal | undefined,
  ) {
    this.#text = text;
    this.#plan = plan;
    this.#grid = grid;
    this.#execution = execution;
    this.#queryable = queryable;
    this.#signal = signal;
    this.#evaluator = new Evaluator(execution);
  }

  async instant(): Promise<QueryResult> {
    await this.#select();
    const { root } = this.#plan;
    const timeMs = this.#grid.startMs;
    if (root.kind === "string") return this.#result({ kind: "string", timeMs, value: root.value });
    if (root.kind === "range") {
      const series = rangeSeries(root, timeMs, this.#execution);
      return this.#result({ kind: "matrix", series: series.toSorted(byLabels) });
    }
    if (root.kind === "subquery") {
      const { matrix, grid } = await this.#evaluator.subquery(root, this.#grid);
      this.#dropDelayedNames(matrix);
      const series = seriesOfMatrix(matrix, grid).toSorted(byLabels);
      return this.#result({ kind: "matrix", series });
    }
    if (typeOf(root) === "scalar") {
      const [value] = await this.#evaluator.scalar(root, this.#grid);
      return this.#result({ kind: "scalar", timeMs, value: value! });
    }
    const matrix = await this.#evaluator.vector(root, this.#grid);
    this.#dropDelayedNames(matrix);
    return this.#result({ kind: "vector", samples: samplesOf(matrix, timeMs) });
  }

  /** What the store said about its answers. */
  readonly #notes = new Set<string>();

  async range(): Promise<QueryResult> {
    await this.#select();
    const matrix = await this.#evaluator.vector(this.#plan.root, this.#grid);
    this.#dropDelayedNames(matrix);
    const series = seriesOfMatrix(matrix, this.#grid).toSorted(byLabels);
    return this.#result({ kind: "matrix", series });
  }

  #dropDelayedNames(matrix: Matrix): void {
    if (!this.#execution.features.delayedNameRemoval) return;
    for (let row = 0; row < matrix.rows; row++) {
      if (matrix.dropName[row]!) matrix.labels[row] = withoutMetadata(matrix.labels[row]!);
    }
    matrix.mergeSameLabels();
  }

  /** Asks the store for the series of all selectors, all at once. */
  async #select(): Promise<void> {
    await this.#execution.checkpoint();
    const startedMs = this.#execution.now();
    const pending: Promise<void>[] = [];
    const ask = (
      id: number,
      matchers: readonly Matcher[],
      range: TimeRange,
      hints: SelectHints,
    ): void => {
      const answer = this.#askStore(matchers, range, hints);
      if (answer instanceof Promise) {
        pending.push(this.#keep(id, answer));
      } else this.#execution.series.set(id, answer);
    };
    this.#forEachSelection(this.#plan.root, ask);
    if (pending.length > 0) await Promise.all(pending);
    this.#startedMs = this.#execution.now();
    this.#selectMs = this.#startedMs - startedMs;
  }

  async #keep(id: number, answer: Promise<readonly SeriesData[]>): Promise<void> {
    this.#execution.series.set(id, await answer);
  }

  #forEachSelection(
    node: PlanNode,
    ask: (id: number, matchers: readonly Matcher[], range: TimeRange, hints: SelectHints) => void,
  ): void {
    if (node.kind === "selector") ask(node.id, node.matchers, node.range, node.hints);
    if (node.kind === "call" && node.name === "info") {
      // The second argument says which info series; it is no selector to be evaluated.
      const { matchers, atMs, offsetMs } = infoRequest(node);
      const { startMs, endMs, stepMs } = this.#grid;
      const range = {
        startMs: (atMs ?? this.#earliestMs(startMs)) - offsetMs - this.#execution.lookbackMs + 1,
        endMs: (atMs ?? endMs) - offsetMs,
      };
      ask(node.id, matchers, range, {
        stepMs,
        rangeMs: 0,
        func: "info",
        grouping: [],
        by: false,
      });
      this.#forEachSelection(node.args[0]!, ask);
      return;
    }
    for (const child of childrenOf(node)) this.#forEachSelection(child, ask);
  }

  /** The earliest time any selector reaches to: `info` may stand in a subquery. */
  #earliestMs(startMs: number): number {
    return Math.min(startMs, ...this.#plan.selectors.map(({ range }) => range.startMs));
  }

  #askStore(
    matchers: readonly Matcher[],
    range: TimeRange,
    hints: SelectHints,
  ): readonly SeriesData[] | Promise<readonly SeriesData[]> {
    try {
      const asked = { ...hints, note: (text: string) => void this.#notes.add(text) };
      const answer = this.#queryable.select(matchers, range, asked, this.#signal);
      return answer instanceof Promise
        ? answer.catch((error: unknown) => this.#failed(error))
        : answer;
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(cause: unknown): never {
    if (this.#signal?.aborted === true) {
      throw new FlxError("FLX_PROMQL_ABORTED", "query was canceled in query execution", { cause });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FlxError("FLX_PROMQL_STORAGE", `expanding series: ${reason}`, { cause });
  }

  #result(value: QueryValue): QueryResult {
    const execution = this.#execution;
    const annotations = execution.annotations.render(this.#text);
    const messages = (kind: "warning" | "info"): string[] =>
      annotations.filter((each) => each.kind === kind).map(({ message }) => message);
    const plan = this.#plan;
    const text = this.#text;
    const evaluateMs = execution.now() - this.#startedMs;
    const selectMs = this.#selectMs;
    return {
      value,
      annotations,
      warnings: messages("warning"),
      infos: [...messages("info"), ...this.#notes],
      statistics: {
        samplesRead: execution.samplesRead,
        peakSamples: execution.peakSamples,
        peakBytes: execution.peakBytes,
        selectMs,
        evaluateMs,
        get nodes() {
          return nodeStatistics(plan.root, text, execution.counters);
        },
      },
    };
  }
}

function byLabels(a: SeriesData, b: SeriesData): number {
  return a.labels.compare(b.labels);
}

function samplesOf(matrix: Matrix, timeMs: number): VectorSample[] {
  const samples: VectorSample[] = [];
  for (let row = 0; row < matrix.rows; row++) {
    const labels = matrix.labels[row]!;
    if (matrix.kinds[row] === FLOAT) {
      samples.push({ labels, timeMs, value: matrix.values[row]!, histogram: undefined });
    } else if (matrix.kinds[row] === HISTOGRAM) {
      const histogram = matrix.histogramAt(row);
      samples.push({ labels, timeMs, value: Number.NaN, histogram });
    }
  }
  return samples;
}
