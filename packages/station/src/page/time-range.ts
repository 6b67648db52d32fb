// The range of time that a page is about: one of a few lengths, up to now or up to a time in the address.

import { type DurationMs, formatDuration, parseDuration } from "@flx/model";
import type { ApiRequest } from "../api/http/request.ts";
import { durationParameter, invalid, timeParameter } from "../api/prometheus/parameters.ts";
import { html, type Html } from "./html.ts";
import { type LinkParameters, pageLink } from "./page-link.ts";

const DAY_MS = 86_400_000;
const MAX_RANGE_MS = 366 * DAY_MS;

/** The lengths that are offered. */
export const RANGES: readonly string[] = ["5m", "15m", "1h", "6h", "1d", "7d"];

/** A range of time. */
export interface PageRange {
  readonly startMs: number;
  readonly endMs: number;
  /** As Prometheus writes it: "15m". */
  readonly length: string;
  /** Unix seconds as they stand in the address; undefined for now. */
  readonly end: string | undefined;
}

/**
 * The range that the parameters `range` and `end` say.
 *
 * @throws {Refusal} `bad_data` when they are none
 */
export function pageRange(request: ApiRequest, otherwise: string, nowMs: number): PageRange {
  const lengthMs = durationParameter(request, "range") ?? parseDuration(otherwise);
  if (lengthMs < 1_000 || lengthMs > MAX_RANGE_MS) {
    throw invalid("range", "must be from 1s to 366d");
  }
  const endMs = timeParameter(request, "end", nowMs);
  return {
    startMs: endMs - lengthMs,
    endMs,
    length: formatDuration(lengthMs as DurationMs),
    end: request.has("end") ? String(endMs / 1_000) : undefined,
  };
}

/** Links to the same page about other lengths of time. */
export function rangeLinks(path: string, { length, end }: PageRange, also: LinkParameters): Html {
  return html`<nav class="ranges" aria-label="Length of time">
    ${RANGES.map((range) => {
      const link = pageLink(path, { ...also, range, end });
      return range === length
        ? html`<a href="${link}" aria-current="true">${range}</a>`
        : html`<a href="${link}">${range}</a>`;
    })}
  </nav>`;
}
