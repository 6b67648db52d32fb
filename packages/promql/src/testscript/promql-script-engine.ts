// Our own engine as test scripts ask it: with everything experimental on, as Prometheus' own tests run.

import {
  type EngineFeatures,
  type EngineOptions,
  PromqlEngine,
  type QueryResult,
} from "../evaluate/engine.ts";
import type { Queryable, SeriesData } from "../series/queryable.ts";
import type { ScriptAnswer, ScriptEngine, ScriptPoint, ScriptValue } from "./script-engine.ts";

/** The engine of a script may be set up like any other, but for its data, which the script brings. */
export type ScriptEngineOptions = Omit<EngineOptions, "queryable">;

const features: EngineFeatures = {
  experimental: true,
  delayedNameRemoval: true,
  startTimestamps: true,
};

/** Our engine for test scripts; by default with all experimental features. */
export function promqlScriptEngine(options: ScriptEngineOptions = {}): ScriptEngine {
  const engineFor = (queryable: Queryable) => new PromqlEngine({ features, ...options, queryable });
  return {
    instant: async (queryable, query, timeMs) =>
      answerOf(await engineFor(queryable).instant(query, { timeMs })),
    range: async (queryable, query, startMs, endMs, stepMs) =>
      answerOf(await engineFor(queryable).range(query, { startMs, endMs, stepMs })),
  };
}

function answerOf({ value, warnings, infos }: QueryResult): ScriptAnswer {
  return { value: valueOf(value), warnings, infos };
}

function valueOf(value: QueryResult["value"]): ScriptValue {
  if (value.kind !== "matrix") return value;
  return {
    kind: "matrix",
    series: value.series.map((series) => ({ labels: series.labels, points: pointsOf(series) })),
  };
}

function pointsOf({ timestamps, values, histograms }: SeriesData): ScriptPoint[] {
  return Array.from(timestamps, (timestampMs, i) => ({
    timestampMs,
    value: values[i]!,
    histogram: histograms?.[i],
  }));
}
