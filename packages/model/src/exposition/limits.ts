// What a text may cost the one who reads it. Every limit has a name, a default and an error that names it.

import type { ExpositionProblemCode } from "./problem.ts";

/** Bounds for reading; what goes over one is refused with an error that names it. */
export interface ExpositionLimits {
  /** The whole text, in bytes. Going over ends the reading. Default 64 MiB. */
  readonly maxBytes: number;
  /** One line without its line feed, in bytes. A longer line is skipped. Default 64 KiB. */
  readonly maxLineBytes: number;
  /** Sample lines. Going over ends the reading. Default 1,000,000. */
  readonly maxSamples: number;
  /** Metric families (structured reading only). Going over ends the reading. Default 100,000. */
  readonly maxFamilies: number;
  /** Labels of one sample, and of one exemplar. Default 128. */
  readonly maxLabels: number;
  /** A metric or label name, in UTF-16 code units. Default 1,024. */
  readonly maxNameLength: number;
  /** A label value, in UTF-16 code units. Default 16,384. */
  readonly maxValueLength: number;
  /** Names and values of an exemplar's labels together, in code points. Default 128, as OpenMetrics says. */
  readonly maxExemplarLength: number;
  /** Problems that are kept; further ones are only counted. Default 100. */
  readonly maxProblems: number;
}

/** The limits where nothing else is said. */
export const DEFAULT_EXPOSITION_LIMITS: ExpositionLimits = {
  maxBytes: 64 * 1024 * 1024,
  maxLineBytes: 64 * 1024,
  maxSamples: 1_000_000,
  maxFamilies: 100_000,
  maxLabels: 128,
  maxNameLength: 1_024,
  maxValueLength: 16_384,
  maxExemplarLength: 128,
  maxProblems: 100,
};

/** The error code of each limit; `maxProblems` has none, it bounds the errors themselves. */
export const limitCodes: Readonly<
  Record<Exclude<keyof ExpositionLimits, "maxProblems">, ExpositionProblemCode>
> = {
  maxBytes: "FLX_EXPOSITION_LIMIT_BYTES",
  maxLineBytes: "FLX_EXPOSITION_LIMIT_LINE",
  maxSamples: "FLX_EXPOSITION_LIMIT_SAMPLES",
  maxFamilies: "FLX_EXPOSITION_LIMIT_FAMILIES",
  maxLabels: "FLX_EXPOSITION_LIMIT_LABELS",
  maxNameLength: "FLX_EXPOSITION_LIMIT_NAME",
  maxValueLength: "FLX_EXPOSITION_LIMIT_VALUE",
  maxExemplarLength: "FLX_EXPOSITION_LIMIT_EXEMPLAR",
};
