// Traces by their first spans, or the spans of one service: filtered, the newest or the longest first.

import type { ApiRequest } from "../api/http/request.ts";
import { durationParameter } from "../api/prometheus/parameters.ts";
import { attributeParameters, wordParameter } from "../api/records/parameters.ts";
import { SPAN_STATUSES } from "../store/spans/span-store.ts";
import { filterForm } from "./filter-form.ts";
import { html, type Html } from "./html.ts";
import type { Page } from "./page-frame.ts";
import type { PageParts } from "./page-parts.ts";
import { offeredServices } from "./offered-services.ts";
import { nothing, section } from "./section.ts";
import { spanList } from "./span-list.ts";
import { type PageRange, pageRange, rangeLinks } from "./time-range.ts";

const LIMIT = 100;

/** The page of traces. */
export async function tracesPage(parts: PageParts, request: ApiRequest): Promise<Page> {
  const nowMs = parts.now();
  const range = pageRange(request, "1h", nowMs);
  const asked = ["service", "operation", "status", "min_duration", "attribute", "order"] as const;
  const given = Object.fromEntries(asked.map((name) => [name, request.parameter(name)]));
  const services = await offeredServices(parts.spans, range, request.signal);
  return {
    title: "Traces",
    at: "/traces",
    main: html`<div class="bar">
        <h1>Traces</h1>
        ${rangeLinks("/traces", range, given)}
      </div>
      ${filterForm(
        "/traces",
        [
          { name: "service", label: "Service", value: given["service"], offers: services },
          { name: "operation", label: "Operation", value: given["operation"] },
          {
            name: "status",
            label: "Ended",
            value: given["status"],
            choices: [
              ["", "anyhow"],
              ["error", "with an error"],
            ],
          },
          {
            name: "min_duration",
            label: "Took at least",
            value: given["min_duration"],
            placeholder: "250ms",
          },
          {
            name: "attribute",
            label: "Attribute",
            value: given["attribute"],
            placeholder: "http.route=/orders",
          },
          {
            name: "order",
            label: "First",
            value: given["order"],
            choices: [
              ["", "the newest"],
              ["longest", "the longest"],
            ],
          },
        ],
        { range: range.length, end: range.end },
      )}
      ${await found(parts, request, range, nowMs)}`,
  };
}

function found(
  { spans }: PageParts,
  request: ApiRequest,
  range: PageRange,
  nowMs: number,
): Promise<Html> {
  const service = request.parameter("service");
  const operation = request.parameter("operation");
  const ms = durationParameter(request, "min_duration");
  const question = {
    range,
    service,
    operation,
    status: wordParameter(request, "status", SPAN_STATUSES),
    minDurationNs: ms === undefined ? undefined : Math.max(0, ms) * 1e6,
    attributes:
      request.has("attribute") && request.parameter("attribute") !== undefined
        ? attributeParameters(request)
        : [],
    // What is looked for may be anywhere in a trace; without anything, a trace is its first span.
    isRoot: hasFilter(request) ? undefined : true,
    order: wordParameter(request, "order", ["newest", "longest"]),
    limit: LIMIT,
  } as const;
  const title = question.isRoot === true ? "Traces" : "Spans";
  return section({ id: "found", title, signal: request.signal }, async (signal) => {
    const { items, isCut } = await spans.spans({ ...question, signal });
    if (items.length === 0) return nothing("Nothing in this time fits.");
    return html`${spanList(items, nowMs)}
    ${isCut && html`<p class="note">the first ${LIMIT}; there are more</p>`}`;
  });
}

function hasFilter(request: ApiRequest): boolean {
  return ["service", "operation", "status", "attribute"].some(
    (name) => request.parameter(name) !== undefined,
  );
}
