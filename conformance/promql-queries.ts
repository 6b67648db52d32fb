// PromQL queries from a grammar, typed, seeded: each has a meaning on the data of promql-data.ts, most have a result.
//
// Only what Prometheus 2.42 knows, too; and nothing whose answer hangs on the last bit of a computed number, which two
// engines may well compute differently:
//
//   topk, bottomk             of values that are not equal to each other, since any of equal ones may be chosen
//   count_values              of rounded values, since they become labels
//   sin, cos, tan, %          of stored values, since of large numbers they are all noise

/** Makes queries; the same seed makes the same ones. */
export class QueryGenerator {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A query of type instant vector or scalar. */
  next(): string {
    const roll = this.#random();
    if (roll < 0.03) return this.#scalar(3);
    if (roll < 0.08) return this.#nativeQuery();
    return this.#vector(3);
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #number(): string {
    return this.#pick(["0", "1", "2", "-1", "0.5", "3", "10", "100", "1e6", "-7.25", "1e-3"]);
  }

  #duration(): string {
    return this.#pick(["31s", "1m", "97s", "2m", "5m", "7m", "11m"]);
  }

  #modifier(): string {
    const roll = this.#random();
    if (roll < 0.75) return "";
    if (roll < 0.88) return ` offset ${this.#pick(["1m", "3m7s", "-2m", "10m"])}`;
    if (roll < 0.94)
      return ` @ ${this.#pick(["1700001003.217", "1700002411.903", "start()", "end()"])}`;
    return ` @ ${this.#pick(["1700001003.217", "end()"])} offset ${this.#pick(["1m", "-1m"])}`;
  }

  #matchers(): string {
    const options = [
      "",
      "",
      "",
      '{job="api"}',
      '{job!="api"}',
      '{job=~"a.*|db"}',
      '{job!~"w.b"}',
      '{instance="a:1"}',
      '{instance=~"[ab]:1",job="web"}',
      '{nosuch=""}',
      '{job="none"}',
    ];
    return this.#pick(options);
  }

  #gaugeSelector(): string {
    return `${this.#pick(["temp", "temp", "up"])}${this.#matchers()}`;
  }

  #counterSelector(): string {
    return `${this.#pick(["reqs_total", "reqs_total", "errs_total", "lat_count", "lat_bucket"])}${this.#matchers()}`;
  }

  #selector(): string {
    const roll = this.#random();
    if (roll < 0.03) return `{__name__=~"temp|up"}`;
    return this.#chance(0.5) ? this.#gaugeSelector() : this.#counterSelector();
  }

  #range(depth: number): string {
    if (depth > 0 && this.#chance(0.25)) {
      const step = this.#pick(["", "30s", "1m", "77s"]);
      const range = this.#pick(["3m", "5m", "10m"]);
      return `${this.#grouped(depth - 1)}[${range}:${step}]${this.#modifier()}`;
    }
    return `${this.#selector()}[${this.#duration()}]${this.#modifier()}`;
  }

  /** Something a subquery can stand behind. */
  #grouped(depth: number): string {
    const inner = this.#vector(depth);
    return /^[a-z_]+(?:\{[^{}]*\})?$/.test(inner) ? inner : `(${inner})`;
  }

  #scalar(depth: number): string {
    const roll = this.#random();
    if (depth <= 0 || roll < 0.5) return this.#number();
    if (roll < 0.6) return "time()";
    if (roll < 0.8) return `scalar(${this.#vector(depth - 1)})`;
    const op = this.#pick(["+", "-", "*", "/", "^", "> bool", "== bool", "atan2"]);
    return `(${this.#scalar(depth - 1)} ${op} ${this.#scalar(depth - 1)})`;
  }

  #vector(depth: number): string {
    if (depth <= 0) return `${this.#selector()}${this.#modifier()}`;
    const roll = this.#random();
    if (roll < 0.08) return `${this.#selector()}${this.#modifier()}`;
    if (roll < 0.32) return this.#overTime(depth);
    if (roll < 0.44) return this.#elementwise(depth);
    if (roll < 0.66) return this.#aggregation(depth);
    if (roll < 0.76) return this.#withScalar(depth);
    if (roll < 0.9) return this.#withVector(depth);
    return this.#special(depth);
  }

  #overTime(depth: number): string {
    const func = this.#pick([
      "rate",
      "rate",
      "increase",
      "delta",
      "irate",
      "idelta",
      "resets",
      "changes",
      "deriv",
      "avg_over_time",
      "sum_over_time",
      "min_over_time",
      "max_over_time",
      "count_over_time",
      "stddev_over_time",
      "stdvar_over_time",
      "last_over_time",
      "present_over_time",
      "absent_over_time",
      "predict_linear",
      "quantile_over_time",
    ]);
    const range = this.#range(depth - 1);
    if (func === "predict_linear")
      return `predict_linear(${range}, ${this.#pick(["60", "-30", "3600"])})`;
    if (func === "quantile_over_time") {
      return `quantile_over_time(${this.#pick(["0", "0.3", "0.5", "0.99", "1", "-1", "2"])}, ${range})`;
    }
    return `${func}(${range})`;
  }

  #elementwise(depth: number): string {
    const func = this.#pick([
      "abs",
      "ceil",
      "floor",
      "exp",
      "ln",
      "log2",
      "log10",
      "sqrt",
      "sgn",
      "sin",
      "cos",
      "tan",
      "asin",
      "acos",
      "atan",
      "sinh",
      "cosh",
      "tanh",
      "asinh",
      "acosh",
      "atanh",
      "deg",
      "rad",
      "round",
      "clamp",
      "clamp_min",
      "clamp_max",
      "timestamp",
      "day_of_month",
      "day_of_week",
      "day_of_year",
      "days_in_month",
      "hour",
      "minute",
      "month",
      "year",
    ]);
    const inner = this.#vector(depth - 1);
    switch (func) {
      case "sin":
      case "cos":
      case "tan":
        return `${func}(${this.#selector()}${this.#modifier()})`;
      case "round":
        return this.#chance(0.5)
          ? `round(${inner})`
          : `round(${inner}, ${this.#pick(["0.1", "5", "7"])})`;
      case "clamp":
        return `clamp(${inner}, ${this.#number()}, ${this.#number()})`;
      case "clamp_min":
      case "clamp_max":
        return `${func}(${inner}, ${this.#scalar(1)})`;
      case "day_of_month":
      case "day_of_week":
      case "day_of_year":
      case "days_in_month":
      case "hour":
      case "minute":
      case "month":
      case "year":
        // Of a reasonable time: what Go makes of NaN as a date is nobody's business.
        return this.#chance(0.3)
          ? `${func}()`
          : `${func}(timestamp(${this.#selector()}) * ${this.#pick(["1", "0.3", "2.5"])})`;
      default:
        return `${func}(${inner})`;
    }
  }

  #grouping(): string {
    return this.#pick([
      "",
      "",
      " by (job)",
      " by (job, instance)",
      " without (instance)",
      " without (code, le)",
      " by (nosuch)",
      " by (__name__)",
    ]);
  }

  #aggregation(depth: number): string {
    const inner = this.#vector(depth - 1);
    const by = this.#grouping();
    const op = this.#pick([
      "sum",
      "sum",
      "avg",
      "min",
      "max",
      "count",
      "group",
      "stddev",
      "stdvar",
      "topk",
      "bottomk",
      "quantile",
      "count_values",
    ]);
    if (op === "count_values") return `count_values${by} ("value", round(${inner}))`;
    if (op === "topk" || op === "bottomk")
      return `${op}${by} (${this.#pick(["1", "2", "5"])}, ${this.#distinct()})`;
    if (op === "quantile")
      return `quantile${by} (${this.#pick(["0", "0.25", "0.5", "0.9", "1", "1.5"])}, ${inner})`;
    return `${op}${by} (${inner})`;
  }

  /** A vector whose values differ from each other. */
  #distinct(): string {
    const counter = `${this.#pick(["reqs_total", "errs_total"])}${this.#matchers()}`;
    const ranged = `${counter}[${this.#pick(["2m", "5m", "11m"])}]${this.#modifier()}`;
    return this.#pick([
      `${counter}${this.#modifier()}`,
      `sum by (job, instance) (${counter})`,
      `deriv(${ranged})`,
      `predict_linear(${counter}[5m], 60)`,
      `stddev_over_time(${ranged})`,
    ]);
  }

  #withScalar(depth: number): string {
    const op = this.#pick([
      "+",
      "-",
      "*",
      "/",
      "%",
      "^",
      "==",
      "!=",
      ">",
      "<",
      ">=",
      "<=",
      "atan2",
      "> bool",
      "== bool",
      "<= bool",
    ]);
    if (op === "%") return `${this.#selector()} % ${this.#number()}`;
    const vector = this.#vector(depth - 1);
    const scalar = this.#scalar(1);
    return this.#chance(0.5) ? `(${vector}) ${op} ${scalar}` : `${scalar} ${op} (${vector})`;
  }

  #withVector(depth: number): string {
    const left = this.#vector(depth - 1);
    const right = this.#vector(depth - 1);
    if (this.#chance(0.35)) {
      const op = this.#pick(["and", "or", "unless"]);
      const on = this.#pick(["", "", " on (job)", " on (job, instance)", " ignoring (code)"]);
      return `(${left}) ${op}${on} (${right})`;
    }
    const op = this.#pick(["+", "-", "*", "/", "==", "!=", ">", "<", "> bool", "== bool"]);
    const matching = this.#pick([
      "",
      " on (job, instance)",
      " on (job)",
      " ignoring (code)",
      " on (job, instance) group_left ()",
      " on (job, instance) group_right ()",
      " on (job) group_left (zone)",
    ]);
    if (this.#chance(0.4)) {
      const ratio = `reqs_total${this.#matchers()} ${op} on (job, instance) group_left () errs_total`;
      return ratio;
    }
    return `(${left}) ${op}${matching} (${right})`;
  }

  #special(depth: number): string {
    const roll = this.#random();
    if (roll < 0.2) {
      const q = this.#pick(["0", "0.5", "0.9", "0.99", "1", "-0.5", "1.5"]);
      return `histogram_quantile(${q}, rate(lat_bucket${this.#matchers()}[${this.#duration()}]${this.#modifier()}))`;
    }
    if (roll < 0.3)
      return `histogram_quantile(0.9, sum by (le) (rate(lat_bucket[${this.#duration()}])))`;
    if (roll < 0.45) {
      const destination = this.#pick(["job", "new", "__name__"]);
      const replacement = this.#pick(["$1", "x-$1-$2", "", "${1}y", "fixed"]);
      const source = this.#pick(["job", "instance", "nosuch"]);
      const pattern = this.#pick(["(.*)", "(a)(.*)", "nomatch", "(.).*", "([ab]):([0-9])"]);
      return `label_replace(${this.#vector(depth - 1)}, "${destination}", "${replacement}", "${source}", "${pattern}")`;
    }
    if (roll < 0.6) {
      return `label_join(${this.#vector(depth - 1)}, "${this.#pick(["new", "job"])}", "-", "job", "instance")`;
    }
    if (roll < 0.7) return `absent(${this.#vector(depth - 1)})`;
    if (roll < 0.8) return `${this.#pick(["sort", "sort_desc"])}(${this.#vector(depth - 1)})`;
    if (roll < 0.9) return `-(${this.#vector(depth - 1)})`;
    return `vector(${this.#scalar(depth - 1)})`;
  }

  /** Of native histograms: what 2.42 can do with them and does as 3 does. */
  #nativeQuery(): string {
    const selector = `nh${this.#pick(["", '{job="api"}', '{job="none"}'])}`;
    const base = this.#pick([
      selector,
      `rate(${selector}[${this.#duration()}])`,
      `increase(${selector}[${this.#duration()}]${this.#modifier()})`,
      `sum(${selector})`,
      `sum(rate(${selector}[${this.#duration()}]))`,
    ]);
    return this.#pick([
      base,
      `histogram_count(${base})`,
      `histogram_sum(${base})`,
      `count(${base})`,
      `sum(histogram_count(${base}))`,
      `${base} + ${base}`,
    ]);
  }
}
