// The Prometheus name of an OTLP metric.
//
//   http.server.duration  s     sum?        http_server_duration_seconds[_total]
//   └── tokens by anything that is no letter, digit or ":"     └── unit, its "per" part, total, ratio
//
// A suffix that the name has already is not added again; `total` moves to the end.
//
// Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ and the documentation of
// Prometheus' `otlp.translation_strategy`.

/** How names are translated; Prometheus' words. */
export type TranslationStrategy =
  | "UnderscoreEscapingWithSuffixes"
  | "UnderscoreEscapingWithoutSuffixes"
  | "NoUTF8EscapingWithSuffixes"
  | "NoTranslation";

/** What of a metric decides its name. */
export interface NamedMetric {
  readonly name: string;
  readonly unit: string;
  /** A sum that only grows. */
  readonly counter: boolean;
  readonly gauge: boolean;
}

const units = new Map([
  ["d", "days"],
  ["h", "hours"],
  ["min", "minutes"],
  ["s", "seconds"],
  ["ms", "milliseconds"],
  ["us", "microseconds"],
  ["ns", "nanoseconds"],
  ["By", "bytes"],
  ["KiBy", "kibibytes"],
  ["MiBy", "mebibytes"],
  ["GiBy", "gibibytes"],
  ["TiBy", "tibibytes"],
  ["KBy", "kilobytes"],
  ["MBy", "megabytes"],
  ["GBy", "gigabytes"],
  ["TBy", "terabytes"],
  ["m", "meters"],
  ["V", "volts"],
  ["A", "amperes"],
  ["J", "joules"],
  ["W", "watts"],
  ["g", "grams"],
  ["Cel", "celsius"],
  ["Hz", "hertz"],
  ["1", ""],
  ["%", "percent"],
]);
const perUnits = new Map([
  ["s", "second"],
  ["m", "minute"],
  ["h", "hour"],
  ["d", "day"],
  ["w", "week"],
  ["mo", "month"],
  ["y", "year"],
]);

/** The name of a metric's family. */
export function prometheusName(metric: NamedMetric, strategy: TranslationStrategy): string {
  switch (strategy) {
    case "NoTranslation":
      return metric.name;
    case "UnderscoreEscapingWithoutSuffixes":
      return escapeName(metric.name);
    case "NoUTF8EscapingWithSuffixes":
      return withSuffixes(metric);
    case "UnderscoreEscapingWithSuffixes":
    default:
      return escapeName(tokensWithSuffixes(metric).join("_"));
  }
}

function escapeName(name: string): string {
  const escaped = name.replaceAll(/[^a-zA-Z0-9_:]/gu, "_");
  return /^\d/.test(escaped) ? `_${escaped}` : escaped;
}

/** The words of a unit: main part and the part after "per". Annotations in braces say nothing. */
function unitWords({ unit, gauge }: NamedMetric): { main: string; per: string; ratio: boolean } {
  const [first = "", ...rest] = unit.split("/");
  const second = rest.join("/").trim();
  const main = first.trim();
  const word = (text: string, table: ReadonlyMap<string, string>): string =>
    text === "" || /[{}]/.test(text) ? "" : (table.get(text) ?? text);
  const per = word(second, perUnits);
  return {
    main: word(main, units),
    per: per === "" ? "" : `per_${per}`,
    ratio: unit.trim() === "1" && gauge,
  };
}

function tokensWithSuffixes(metric: NamedMetric): string[] {
  const split = (text: string): string[] =>
    text.split(/[^a-zA-Z0-9:]+/u).filter((token) => token !== "");
  let tokens = split(metric.name);
  const { main, per, ratio } = unitWords(metric);
  for (const words of [split(main), split(per)]) {
    if (words.length > 0 && !containsAll(tokens, words)) tokens.push(...words);
  }
  if (metric.counter) tokens = [...tokens.filter((token) => token !== "total"), "total"];
  if (ratio) tokens = [...tokens.filter((token) => token !== "ratio"), "ratio"];
  return tokens;
}

function containsAll(tokens: readonly string[], words: readonly string[]): boolean {
  return words.every((word) => tokens.includes(word));
}

function withSuffixes(metric: NamedMetric): string {
  const { main, per, ratio } = unitWords(metric);
  let name = metric.name;
  if (metric.counter && name.endsWith("_total")) name = name.slice(0, -"_total".length);
  if (ratio && name.endsWith("_ratio")) name = name.slice(0, -"_ratio".length);
  const unit = [main, per].filter((word) => word !== "").join("_");
  if (unit !== "" && !name.endsWith(unit)) name += `_${unit}`;
  if (metric.counter) name += "_total";
  if (ratio) name += "_ratio";
  return name;
}

/** The label name of an attribute. */
export function prometheusLabel(key: string, strategy: TranslationStrategy): string {
  if (strategy === "NoTranslation" || strategy === "NoUTF8EscapingWithSuffixes") return key;
  const escaped = key.replaceAll(/[^a-zA-Z0-9_]/gu, "_");
  if (/^\d/.test(escaped)) return `key_${escaped}`;
  // Two underscores first are for Prometheus itself.
  return escaped.startsWith("__") && !escaped.endsWith("__") ? `key${escaped}` : escaped;
}
