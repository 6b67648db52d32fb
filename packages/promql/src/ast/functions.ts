// Every function of PromQL with its arguments: what the parser checks calls by, and what an editor offers.
//
// The table groups functions by shape, since most share one: a family reads as one line. The aggregations (`sum`,
// `topk` ...) are not functions; they have their own syntax (see nodes.ts).
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/ (3.x), and the declarations of the
// reference implementation for what is optional.

import type { ValueType } from "./value-type.ts";

/** What a function takes and gives. */
export interface FunctionSignature {
  readonly name: string;
  /** The types by position; the last one repeats when more arguments are allowed than there are types. */
  readonly argTypes: readonly ValueType[];
  /** 0: exactly `argTypes`; n: the last argument may be absent or occur up to n times; -1: any number of times. */
  readonly variadic: number;
  readonly returnType: ValueType;
  /** Only with the option `experimentalFunctions`. */
  readonly experimental: boolean;
  /** The fewest arguments allowed. */
  readonly minArgs: number;
  /** The most arguments allowed; may be Infinity. */
  readonly maxArgs: number;
}

interface Shape {
  readonly takes: readonly ValueType[];
  readonly variadic?: number;
  readonly gives?: ValueType;
  readonly experimental?: true;
  readonly names: string;
}

const shapes: readonly Shape[] = [
  // Value by value.
  {
    takes: ["vector"],
    names:
      "abs ceil exp floor ln log10 log2 sgn sqrt acos acosh asin asinh atan atanh cos cosh deg rad sin sinh tan tanh",
  },
  { takes: ["vector", "scalar"], names: "clamp_max clamp_min" },
  { takes: ["vector", "scalar", "scalar"], names: "clamp" },
  { takes: ["vector", "scalar"], variadic: 1, names: "round" },

  // Time.
  {
    takes: ["vector"],
    variadic: 1,
    names: "day_of_month day_of_week day_of_year days_in_month hour minute month year",
  },
  { takes: ["vector"], names: "timestamp" },
  { takes: ["vector"], experimental: true, names: "start_timestamp" },
  { takes: [], gives: "scalar", names: "pi time" },
  { takes: [], gives: "scalar", experimental: true, names: "start end step range" },

  // Between types.
  { takes: ["vector"], gives: "scalar", names: "scalar" },
  { takes: ["scalar"], names: "vector" },
  { takes: ["scalar", "scalar"], gives: "scalar", experimental: true, names: "max_of min_of" },

  // Ranges.
  {
    takes: ["matrix"],
    names:
      "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate " +
      "last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time " +
      "sum_over_time",
  },
  {
    takes: ["matrix"],
    experimental: true,
    names:
      "mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time",
  },
  { takes: ["matrix", "scalar"], names: "predict_linear" },
  { takes: ["scalar", "matrix"], names: "quantile_over_time" },
  {
    takes: ["matrix", "scalar", "scalar"],
    experimental: true,
    names: "double_exponential_smoothing",
  },

  // Histograms.
  {
    takes: ["vector"],
    names: "histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum",
  },
  { takes: ["scalar", "vector"], names: "histogram_quantile" },
  { takes: ["scalar", "scalar", "vector"], names: "histogram_fraction" },
  {
    takes: ["vector", "string", "scalar", "scalar"],
    variadic: 9,
    experimental: true,
    names: "histogram_quantiles",
  },

  // Labels, order, presence.
  { takes: ["vector"], names: "absent sort sort_desc" },
  { takes: ["vector", "string", "string", "string", "string"], names: "label_replace" },
  { takes: ["vector", "string", "string", "string"], variadic: -1, names: "label_join" },
  {
    takes: ["vector", "string"],
    variadic: -1,
    experimental: true,
    names: "sort_by_label sort_by_label_desc",
  },
  { takes: ["vector", "vector"], variadic: 1, experimental: true, names: "info" },
];

/** All functions by name, experimental ones included. */
export const FUNCTIONS: ReadonlyMap<string, FunctionSignature> = new Map(
  shapes.flatMap((shape) => shape.names.split(" ").map((name) => [name, signature(name, shape)])),
);

function signature(name: string, shape: Shape): FunctionSignature {
  const variadic = shape.variadic ?? 0;
  const declared = shape.takes.length;
  const required = variadic === 0 ? declared : declared - 1;
  return {
    name,
    argTypes: shape.takes,
    variadic,
    returnType: shape.gives ?? "vector",
    experimental: shape.experimental ?? false,
    minArgs: required,
    maxArgs: variadic < 0 ? Infinity : required + variadic,
  };
}
