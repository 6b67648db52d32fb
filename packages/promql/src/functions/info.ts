// info (experimental): adds the labels of info series, `target_info` by default, to the series they are about.
//
//   rate(x{job="a", instance="1"}[5m])  +  target_info{job="a", instance="1", version="3"}
//                                       =  {job="a", instance="1", version="3"}
//
// Series and info series belong together when `job` and `instance` are equal. The second argument of `info` chooses
// other info metrics, and which of their labels to take. A label the series already has stays as it is.
//
// The info series are asked for before evaluation begins, by their own matchers; here those of other instances are left
// out, which Prometheus does with a pattern in its request.

import { type Labels, METRIC_NAME } from "@flx/model";
import { type Execution, evaluationError } from "../evaluate/execution.ts";
import type { Grid } from "../evaluate/grid.ts";
import { HISTOGRAM, Matrix, NOTHING } from "../evaluate/matrix.ts";
import type { CallNode, PlanNode } from "../evaluate/plan-nodes.ts";
import { childrenOf } from "../evaluate/plan-nodes.ts";
import { ResultRows } from "../evaluate/result-rows.ts";
import { newestSample } from "../series/search.ts";
import { Matcher } from "../matcher/matcher.ts";
import type { SeriesData } from "../series/queryable.ts";

const IDENTIFYING = ["instance", "job"] as const;

/** What a call of `info` asks for. */
export interface InfoRequest {
  /** All matchers of the info series. */
  readonly matchers: readonly Matcher[];
  readonly nameMatchers: readonly Matcher[];
  /** The labels to take over, with what they must be; none: all labels. */
  readonly dataMatchers: ReadonlyMap<string, readonly Matcher[]>;
  /** When the info series are looked at: at a fixed time, or at the evaluation time, less an offset. */
  readonly atMs: number | undefined;
  readonly offsetMs: number;
}

/** Reads the request off the arguments of a call. */
export function infoRequest(node: CallNode): InfoRequest {
  const selector = node.args[1]?.kind === "selector" ? node.args[1] : undefined;
  const dataMatchers = new Map<string, Matcher[]>();
  const names: Matcher[] = [];
  for (const matcher of selector?.matchers ?? []) {
    if (matcher.name === METRIC_NAME) names.push(matcher);
    else dataMatchers.set(matcher.name, [...(dataMatchers.get(matcher.name) ?? []), matcher]);
  }
  const nameMatchers = effectiveNames(names);
  const { atMs, offsetMs } = referenceTime(node.args[0]!, []) ?? { atMs: undefined, offsetMs: 0 };
  return {
    matchers: [...[...dataMatchers.values()].flat(), ...nameMatchers],
    nameMatchers,
    dataMatchers,
    atMs,
    offsetMs,
  };
}

/** Which metrics are info metrics: `target_info`, or as asked; with exclusions only, all `*_info` but those. */
function effectiveNames(names: readonly Matcher[]): readonly Matcher[] {
  if (names.some(({ op }) => op === "=" || op === "=~")) return names;
  if (names.length === 0) return [new Matcher("=", METRIC_NAME, "target_info")];
  return [new Matcher("=~", METRIC_NAME, ".+_info"), ...names];
}

/** `@` and offset of the first selector in an expression, with those of the subqueries around it. */
function referenceTime(
  node: PlanNode,
  path: readonly PlanNode[],
): { atMs: number | undefined; offsetMs: number } | undefined {
  if (node.kind === "selector") {
    let { atMs, offsetMs } = node;
    for (const outer of path.toReversed()) {
      if (atMs !== undefined) break;
      if (outer.kind !== "subquery") continue;
      offsetMs += outer.offsetMs;
      ({ atMs } = outer);
    }
    return { atMs, offsetMs };
  }
  for (const child of childrenOf(node)) {
    const found = referenceTime(child, [...path, node]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The series with the labels of their info series.
 *
 * @throws {FlxError} `FLX_PROMQL_EXECUTION` when info series contradict each other
 */
export function enrich(
  matrix: Matrix,
  node: CallNode,
  series: readonly SeriesData[],
  grid: Grid,
  execution: Execution,
): Matrix {
  const request = infoRequest(node);
  const ignored = matrix.labels
    .slice(0, matrix.rows)
    .map((labels) => request.nameMatchers.every((m) => m.matches(labels.metricName ?? "")));
  const info = relevantInfo(series, matrix, ignored);
  const names = new Set(info.map(({ labels }) => labels.metricName ?? ""));
  const signatures = matrix.labels
    .slice(0, matrix.rows)
    .map((labels) => Array.from(names, (name) => signatureOf(name, labels)));
  const result = new Matrix(grid.steps, matrix.rows);
  const rows = new ResultRows(result);
  for (let step = 0; step < grid.steps; step++) {
    const refMs = (request.atMs ?? grid.startMs + step * grid.stepMs) - request.offsetMs;
    const current = currentInfo(info, refMs, execution, isAnyPresent(matrix, step));
    for (let row = 0; row < matrix.rows; row++) {
      const at = row * grid.steps + step;
      if (matrix.kinds[at] === NOTHING) continue;
      let labels = matrix.labels[row];
      if (!ignored[row]!) labels = enriched(labels!, signatures[row]!, current, request);
      if (labels === undefined) continue;
      const histogram = matrix.kinds[at] === HISTOGRAM ? matrix.histogramAt(at) : undefined;
      rows.put(labels, step, { value: matrix.values[at]!, histogram }, matrix.dropName[row]!);
    }
  }
  return result;
}

function isAnyPresent(matrix: Matrix, step: number): boolean {
  for (let row = 0; row < matrix.rows; row++) {
    if (matrix.kinds[row * matrix.steps + step] !== NOTHING) return true;
  }
  return false;
}

/** The info series of instances and jobs that occur among the series. */
function relevantInfo(
  series: readonly SeriesData[],
  matrix: Matrix,
  ignored: readonly boolean[],
): readonly SeriesData[] {
  const wanted = IDENTIFYING.map((name) => {
    const values = new Set<string>();
    for (let row = 0; row < matrix.rows; row++) {
      const value = matrix.labels[row]!.get(name);
      if (!ignored[row]! && value !== undefined) values.add(value);
    }
    return { name, values };
  }).filter(({ values }) => values.size > 0);
  if (wanted.length === 0) return [];
  return series.filter(({ labels }) =>
    wanted.every(({ name, values }) => values.has(labels.get(name) ?? "")),
  );
}

function signatureOf(name: string, labels: Labels): string {
  let text = `${name.length}:${name}`;
  for (const each of IDENTIFYING) {
    const value = labels.get(each) ?? "";
    text += `${value.length}:${value}`;
  }
  return text;
}

/** The newest info series per signature at a time. */
function currentInfo(
  info: readonly SeriesData[],
  refMs: number,
  { lookbackMs }: Execution,
  isNeeded: boolean,
): Map<string, Labels> {
  const newest = new Map<string, { labels: Labels; timeMs: number }>();
  for (const series of isNeeded ? info : []) {
    const at = newestSample(series, refMs, lookbackMs, 0);
    if (at < 0) continue;
    const { labels } = series;
    if (series.histograms?.[at] !== undefined) {
      throw evaluationError(
        `this should be an info metric, with float samples: ${labels.toString()}`,
      );
    }
    const timeMs = series.timestamps[at]!;
    const signature = signatureOf(labels.metricName ?? "", labels);
    const known = newest.get(signature);
    if (known?.timeMs === timeMs) {
      throw evaluationError(
        `found duplicate series for info metric: existing ${known.labels.toString()} @ ${timeMs}, new ${labels.toString()} @ ${timeMs}`,
      );
    }
    if (known === undefined || known.timeMs < timeMs) newest.set(signature, { labels, timeMs });
  }
  return new Map(Array.from(newest, ([signature, { labels }]) => [signature, labels]));
}

/** The labels with those of the info series; `undefined` when the series goes, since it lacks what was asked for. */
function enriched(
  labels: Labels,
  signatures: readonly string[],
  current: ReadonlyMap<string, Labels>,
  { dataMatchers }: InfoRequest,
): Labels | undefined {
  const added = new Map<string, string>();
  let isMatched = false;
  for (const signature of signatures) {
    const info = current.get(signature);
    if (info === undefined) continue;
    isMatched = true;
    for (const [name, value] of info) {
      if (name === METRIC_NAME || (dataMatchers.size > 0 && !dataMatchers.has(name))) continue;
      const other = added.get(name);
      if (other !== undefined && other !== value) {
        throw evaluationError(`conflicting label: ${name}`);
      }
      if (!labels.has(name)) added.set(name, value);
    }
  }
  if (!isMatched) {
    const wanted = [...dataMatchers.values()].flat();
    if (!wanted.every((matcher) => matcher.matches(""))) return undefined;
  }
  let result = labels;
  for (const [name, value] of added) result = result.with(name, value);
  return result;
}
