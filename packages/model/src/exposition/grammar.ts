// In what the lines of the two formats differ, as data.

import type { MetricType } from "../metric-family.ts";
import type { ExpositionFormat } from "./format.ts";

/** The rules of one format for a line. */
export interface LineGrammar {
  readonly format: ExpositionFormat;
  /** Blanks and tabs may stand between tokens (0.0.4), or exactly one space where the grammar says so. */
  readonly blanks: boolean;
  /** A comma may stand before the closing brace. */
  readonly trailingComma: boolean;
  /** A backslash before anything but `\`, `"`, `n`: an error, or both characters are meant. */
  readonly unknownEscapes: "error" | "kept";
  /** The words of TYPE lines. */
  readonly types: ReadonlyMap<string, MetricType>;
}

const sharedTypes = ["counter", "gauge", "histogram", "summary"] as const;
const openMetricsTypes = ["gaugehistogram", "info", "stateset", "unknown"] as const;

/** The line rules of each format. */
export const lineGrammars: Readonly<Record<ExpositionFormat, LineGrammar>> = {
  text: {
    format: "text",
    blanks: true,
    trailingComma: true,
    unknownEscapes: "error",
    types: new Map<string, MetricType>([
      ...sharedTypes.map((type) => [type, type] as const),
      ["untyped", "unknown"],
    ]),
  },
  openmetrics: {
    format: "openmetrics",
    blanks: false,
    trailingComma: false,
    unknownEscapes: "kept",
    types: new Map<string, MetricType>(
      [...sharedTypes, ...openMetricsTypes].map((type) => [type, type] as const),
    ),
  },
};
