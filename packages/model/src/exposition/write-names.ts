// What a family is called on the wire, and that no two families can be taken for each other.

import { FlxError } from "../errors.ts";
import type { MetricFamily, MetricType } from "../metric-family.ts";
import type { ExpositionFormat } from "./format.ts";
import { sampleSuffixes } from "./sample-names.ts";

/** How a family appears in a format. */
export interface WireFamily {
  /** The name on its TYPE and HELP lines, which its samples start with. */
  readonly name: string;
  /** The type whose rules and suffixes its samples follow. */
  readonly type: MetricType;
  /** The word on the TYPE line. */
  readonly typeWord: string;
}

const textTypeWords: Readonly<Record<MetricType, string>> = {
  counter: "counter",
  gauge: "gauge",
  histogram: "histogram",
  gaugehistogram: "histogram",
  summary: "summary",
  info: "gauge",
  stateset: "gauge",
  unknown: "untyped",
};

/**
 * The wire form of a family: in 0.0.4 counters and infos carry their suffix in the family's name, and types it does
 * not know appear as the nearest it does; in OpenMetrics a counter without `_total` is unknown, as in Prometheus' own
 * library.
 */
export function wireFamily(family: MetricFamily, format: ExpositionFormat): WireFamily {
  const { name, type } = family;
  const bare = type === "counter" && family.bareName === true;
  if (format === "openmetrics") {
    return bare ? { name, type: "unknown", typeWord: "unknown" } : { name, type, typeWord: type };
  }
  const suffix = type === "info" ? "_info" : type === "counter" && !bare ? "_total" : "";
  return { name: `${name}${suffix}`, type, typeWord: textTypeWords[type] };
}

/** The names in use in one text. */
export class NameRegistry {
  readonly #format: ExpositionFormat;
  readonly #taken = new Map<string, string>();
  readonly #families = new Set<string>();

  constructor(format: ExpositionFormat) {
    this.#format = format;
  }

  /**
   * Takes all names a family may use.
   *
   * @throws {FlxError} `FLX_EXPOSITION_NAME` when the name is empty or not Unicode text, or a counter's name ends with
   *   `_total`; `FLX_EXPOSITION_CLASH` when another family may use one of the names
   */
  take(family: MetricFamily, wire: WireFamily): void {
    checkName(family);
    const who = `${family.type} ${family.name}`;
    if (this.#format === "openmetrics" && this.#families.has(family.name)) {
      throw new FlxError("FLX_EXPOSITION_CLASH", `two metric families are named ${family.name}`);
    }
    this.#families.add(family.name);
    const suffixes = sampleSuffixes[this.#format][wire.type];
    const names = new Set(suffixes.map((suffix) => wire.name + suffix));
    // Format 0.0.4 tells families apart by the names on their TYPE lines.
    if (this.#format === "text") names.add(wire.name);
    for (const name of names) {
      const other = this.#taken.get(name);
      if (other !== undefined) {
        throw new FlxError(
          "FLX_EXPOSITION_CLASH",
          `${who} and ${other} may both have samples named ${name}; rename one of them`,
        );
      }
      this.#taken.set(name, who);
    }
  }
}

function checkName({ name, type }: MetricFamily): void {
  if (name === "" || !name.isWellFormed()) {
    throw new FlxError(
      "FLX_EXPOSITION_NAME",
      `a metric family's name must be non-empty Unicode text, got ${JSON.stringify(name)}`,
    );
  }
  if (type === "counter" && name.endsWith("_total")) {
    throw new FlxError(
      "FLX_EXPOSITION_NAME",
      `give the counter family ${name} without _total; the format adds it`,
    );
  }
}
