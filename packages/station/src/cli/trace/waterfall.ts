// A trace as a waterfall: one line a span, the calls indented, time from left to right.
//
//   gateway   POST /orders                      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   27.3 ms
//   gateway     Orders/PlaceOrder                ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━    25.9 ms
//   orders        SELECT products                 ──                                1.1 ms
//   payments      Authorise                  !       ━━━━━━━━━━━━━━━━━━━━━━━━━     15.2 ms
//   │             │                          │    └ heavy: on the critical path     └ how long
//   service       name                       └ ended with an error
//
// Everything foreign goes through cells.ts.

import type { Screen } from "../query/show.ts";
import { cell, cellWidth } from "../records/cells.ts";
import { durationText } from "../../base/units.ts";
import { callOrder } from "../../traces/call-order.ts";
import { criticalPath, type PathSpan } from "../../traces/critical-path.ts";

/** A span as the API gives it, as far as it is shown. */
export interface ShownSpan {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly service: string;
  readonly name: string;
  readonly startNs: string;
  readonly durationNs: number;
  readonly status: string;
}

const RESET = "\x1b[0m";
const RED = "\x1b[31m";
const CYAN = "\x1b[36m";
const DIM = "\x1b[2m";
const DURATION_WIDTH = 9;
const MAX_INDENT = 24;
/** Between the columns, and the mark of an error. */
const GAPS = 9;

/** A trace as lines. */
export function waterfall(
  spans: readonly ShownSpan[],
  screen: Screen,
  maxLines: number = Infinity,
): string[] {
  const begin = spans.reduce((least, { startNs }) => {
    const start = BigInt(startNs);
    return start < least ? start : least;
  }, 1n << 64n);
  const placed = spans.map((span) => {
    const start = Number(BigInt(span.startNs) - begin);
    return { ...ids(span), start, end: start + span.durationNs, span };
  });
  const total = Math.max(1, ...placed.map(({ end }) => end));
  const path = criticalPath(placed);
  const lines = callOrder(placed);
  const shown = lines.slice(0, maxLines);
  const services = Math.min(
    16,
    Math.max(4, ...shown.map(({ span }) => cellWidth(cell(span.service, 16).trimEnd()))),
  );
  const names = Math.max(12, Math.min(48, Math.floor((screen.width - services) * 0.45)));
  const bars = Math.max(8, screen.width - services - names - DURATION_WIDTH - GAPS);
  const drawn = shown.map((line) => {
    const indent = " ".repeat(Math.min(MAX_INDENT, names - 8, line.depth * 2));
    const isError = line.span.status === "error";
    const isCritical = path.has(line.spanId);
    const color = isError ? RED : isCritical ? CYAN : DIM;
    return [
      cell(line.span.service, services),
      indent + cell(line.span.name, names - indent.length),
      isError ? painted("!", RED, screen) : " ",
      painted(bar(line, total, bars, isCritical), color, screen),
      cell(durationText(line.span.durationNs), DURATION_WIDTH, "right"),
    ].join("  ");
  });
  if (lines.length > shown.length) {
    drawn.push(painted(`and ${lines.length - shown.length} more spans`, DIM, screen));
  }
  return drawn;
}

function ids({ spanId, parentSpanId }: ShownSpan) {
  return { spanId, parentSpanId };
}

function bar({ start, end }: PathSpan, total: number, width: number, isCritical: boolean): string {
  const from = Math.min(width - 1, Math.floor((start / total) * width));
  const to = Math.max(from + 1, Math.min(width, Math.ceil((end / total) * width)));
  const line = (isCritical ? "━" : "─").repeat(to - from);
  return " ".repeat(from) + line + " ".repeat(width - to);
}

function painted(text: string, color: string, { isColored }: Screen): string {
  return isColored ? `${color}${text}${RESET}` : text;
}
