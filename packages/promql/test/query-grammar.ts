// Queries from PromQL's grammar, typed and seeded, for tests of the parser: with everything experimental, odd spacing,
// odd names, every notation of numbers, strings and durations.

/** Makes well-typed queries; the same seed makes the same ones. */
export class QueryGrammar {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A query of any type that is nested up to `depth` deep. */
  next(depth = 4): string {
    return this.#pick([
      () => this.#vector(depth),
      () => this.#scalar(depth),
      () => this.#range(depth),
    ])();
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }

  #maybe(text: string, probability = 0.3): string {
    return this.#random() < probability ? text : "";
  }

  #space(): string {
    return this.#pick(["", " ", " ", "  ", "\n", "\t", " # a comment\n"]);
  }

  /** In brackets there are no comments. */
  #blank(): string {
    return this.#pick(["", "", " ", "\n", "\t"]);
  }

  #name(): string {
    return this.#pick([
      "up",
      "http_requests_total",
      "job:x:rate5m",
      "a",
      "sum",
      "by",
      "offset",
      "start",
      "_x1",
      "topk",
    ]);
  }

  #label(): string {
    return this.#pick(["job", "instance", "le", "by", "on", "sum", "zone", "offset", "bool"]);
  }

  #string(): string {
    return this.#pick([
      '"a"',
      "'b'",
      "`c`",
      '""',
      String.raw`"\n\t\"\u00e9"`,
      String.raw`'it\'s'`,
      '"ü😀"',
    ]);
  }

  #number(): string {
    return this.#pick([
      "0",
      "1",
      "2.5",
      ".5",
      "1e3",
      "1E-3",
      "0x1F",
      "017",
      "Inf",
      "NaN",
      "5m",
      "1h30m",
      "1_000",
      "100ms",
    ]);
  }

  #duration(): string {
    return this.#pick([
      "5m",
      "1h30m",
      "90",
      "10s * 2",
      "(1m + 30s)",
      "step()",
      "range() / 2",
      "-(-1m)",
      "2 ^ 3",
      "7d % 5",
    ]);
  }

  #modifiers(): string {
    const s = this.#space();
    return this.#pick([
      "",
      "",
      "",
      ` offset${this.#pick([" ", "\n"])}${this.#pick(["5m", "-1h", "30", "(5m * 2)", "step()"])}`,
      `${s}@${s}${this.#pick(["10", "-1.5", "start()", "end()"])}`,
      ` @ 10 offset 5m`,
      ` offset 5m @ end()`,
    ]);
  }

  #matchers(): string {
    const matcher = (): string =>
      `${this.#space()}${this.#pick([this.#label(), '"quoted.label"'])}${this.#space()}${this.#pick(["=", "!=", "=~", "!~"])}${this.#space()}${this.#pick([this.#string(), '"a|b"', '".*"'])}`;
    const count = Math.floor(this.#random() * 3);
    const list = Array.from({ length: count }, matcher);
    return `{${list.join(",")}${count > 0 ? this.#maybe(",") : ""}${this.#space()}}`;
  }

  #selector(): string {
    const roll = this.#random();
    if (roll < 0.1) return `{"utf8.näme"${this.#maybe(', job="x"')}}`;
    if (roll < 0.2) return `{__name__=~"a.+"${this.#maybe(',job!=""')}}`;
    return `${this.#name()}${this.#space()}${this.#maybe(this.#matchers(), 0.6)}`;
  }

  #instant(): string {
    return `${this.#selector()}${this.#maybe(this.#pick([" anchored", " smoothed"]), 0.05)}${this.#modifiers()}`;
  }

  #range(depth: number): string {
    const s = this.#blank();
    if (depth > 0 && this.#random() < 0.3) {
      const step = this.#pick(["", "1m", this.#duration()]);
      return `(${this.#vector(depth - 1)})[${s}${this.#duration()}${s}:${s}${step}]${this.#modifiers()}`;
    }
    return `${this.#selector()}${s}[${s}${this.#duration()}${s}]${this.#maybe(this.#pick([" anchored", " smoothed"]), 0.05)}${this.#modifiers()}`;
  }

  #scalar(depth: number): string {
    if (depth <= 0) return this.#number();
    const s = this.#space();
    return this.#pick([
      () => this.#number(),
      () => `${this.#pick(["-", "+"])}${this.#number()}`,
      () => `scalar(${s}${this.#vector(depth - 1)}${s})`,
      () => "time()",
      () => `(${s}${this.#scalar(depth - 1)}${s})`,
      () => `max_of(${this.#scalar(depth - 1)},${s}${this.#scalar(depth - 1)})`,
      () =>
        `${this.#scalar(depth - 1)} ${this.#pick(["+", "-", "*", "/", "%", "^", "atan2", "== bool", "<= bool"])} ${this.#scalar(depth - 1)}`,
    ])();
  }

  #vector(depth: number): string {
    if (depth <= 0) return this.#instant();
    const s = this.#space();
    const inner = (): string => this.#vector(depth - 1);
    // Operators on scalars take no matching, and an offset in parentheses goes on behind them: what binds how is not
    // left to chance.
    const operand = (): string => `(${inner()})`;
    return this.#pick([
      () => this.#instant(),
      () =>
        `${this.#pick(["rate", "increase", "avg_over_time", "absent_over_time", "ts_of_max_over_time"])}(${s}${this.#range(depth - 1)}${s})`,
      () =>
        `${this.#pick(["abs", "ceil", "sort", "absent", "histogram_sum", "timestamp"])}${s}(${inner()})`,
      () => `clamp(${inner()},${s}${this.#scalar(depth - 1)}, ${this.#scalar(depth - 1)})`,
      () => `quantile_over_time(${this.#scalar(depth - 1)}, ${this.#range(depth - 1)})`,
      () => `label_replace(${inner()}, "a", "$1", "b", "(.*)")`,
      () => `label_join(${inner()},${this.#string()},${this.#string()}${this.#maybe(', "x"')})`,
      () => this.#aggregation(depth),
      () => this.#aggregation(depth),
      () => `(${s}${inner()}${s})`,
      () => `-${operand()}`,
      () => `${operand()} ${this.#operator()} ${operand()}`,
      () => `${operand()} ${this.#operator()} ${operand()}`,
      () =>
        `${operand()} ${this.#pick(["+", "*", "> bool", "<", "^", "</", ">/"])} (${this.#scalar(depth - 1)})`,
      () => `vector(${this.#scalar(depth - 1)})`,
      () => `info(${inner()}${this.#maybe(`,${s}{k="v"}`)})`,
    ])();
  }

  #aggregation(depth: number): string {
    const s = this.#space();
    const labels = Array.from({ length: Math.floor(this.#random() * 3) }, () =>
      this.#pick(["job", "by", "le", '"a.b"']),
    );
    const grouping = `${this.#pick(["by", "without", "BY"])}${s}(${labels.join(", ")})`;
    const inner = this.#vector(depth - 1);
    const [op, rest] = this.#pick([
      () => [
        this.#pick("sum avg count min max group stddev stdvar SUM".split(" ")),
        `(${s}${inner}${s})`,
      ],
      () => [
        this.#pick(["topk", "bottomk", "quantile", "limitk", "limit_ratio"]),
        `(${this.#scalar(depth - 1)}, ${inner})`,
      ],
      () => ["count_values", `(${this.#string()}, ${inner})`],
    ])() as [string, string];
    return this.#pick([`${op}${rest}`, `${op} ${grouping} ${rest}`, `${op}${rest}${s}${grouping}`]);
  }

  #operator(): string {
    const labels = this.#pick(["job", "a, b", "", '"x.y"']);
    const matching = this.#pick([
      "",
      "",
      `on (${labels})`,
      `ignoring (${labels})`,
      `on (${labels}) group_left ()`,
      `on (${labels}) group_right (extra)`,
      `ignoring (${labels}) group_left ()`,
      "fill (0)",
      `on (${labels}) fill_left (-1) fill_right (2)`,
    ]);
    const roll = this.#random();
    if (roll < 0.3)
      return `${this.#pick(["and", "or", "unless", "OR"])} ${this.#pick(["", `on (${labels})`, `ignoring (${labels})`])}`;
    if (roll < 0.5)
      return `${this.#pick(["==", "!=", ">", "<", ">=", "<="])} ${this.#maybe("bool ")}${matching}`;
    return `${this.#pick(["+", "-", "*", "/", "%", "^", "atan2"])} ${matching}`;
  }
}
