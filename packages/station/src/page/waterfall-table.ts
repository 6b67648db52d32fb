// A trace as a waterfall: a row a span, the calls indented, time from left to right; what made it long is heavy.
//
//   gateway   POST /orders            ━━━━━━━━━━━━━━━━━━━━━━━━━━   27.3 ms
//   orders      PlaceOrder              ━━━━━━━━━━━━━━━━━━━━━━     25.9 ms
//   payments      Authorise !               ───────────            15.2 ms
//
// The row of the span in the address is open: what is known of it, and its log records, stand below it.

import { durationText } from "../base/units.ts";
import type { StoredSpan } from "../store/spans/span-store.ts";
import { callOrder } from "../traces/call-order.ts";
import { criticalPath, type PathSpan } from "../traces/critical-path.ts";
import { html, type Html } from "./html.ts";
import { traceLink } from "./page-link.ts";

const MAX_ROWS = 500;
const MAX_DEPTH = 12;
const COLORS = 8;

interface Row extends PathSpan {
  readonly span: StoredSpan;
}

/** What is drawn. */
export interface WaterfallOptions {
  readonly spans: readonly StoredSpan[];
  /** The span whose row is open. */
  readonly openSpanId: string | undefined;
  /** What stands in the open row. */
  readonly detail: Html | undefined;
}

/** The waterfall. */
export function waterfallTable({ spans, openSpanId, detail }: WaterfallOptions): Html {
  const beginNs = spans.reduce(
    (least, { startNs }) => (startNs < least ? startNs : least),
    spans[0]!.startNs,
  );
  const placed: Row[] = spans.map((span) => {
    const start = Number(span.startNs - beginNs);
    const { spanId, parentSpanId } = span;
    return { spanId, parentSpanId, start, end: start + span.durationNs, span };
  });
  const total = placed.reduce((most, { end }) => Math.max(most, end), 1);
  const path = criticalPath(placed);
  const rows = callOrder(placed);
  const openAt = rows.findIndex(({ spanId }) => spanId === openSpanId);
  // The open one is among those that are shown, wherever it is.
  const from = openAt < MAX_ROWS ? 0 : openAt - Math.floor(MAX_ROWS / 2);
  const shown = rows.slice(from, from + MAX_ROWS);
  const services = new Map<string, number>();
  for (const { span } of rows) {
    if (!services.has(span.service)) services.set(span.service, services.size % COLORS);
  }
  return html`<div class="scroll">
      <table class="waterfall">
        <thead>
          <tr>
            <th>Service</th>
            <th>Operation</th>
            <th class="time">
              <span>0</span><span>${durationText(total / 2)}</span
              ><span>${durationText(total)}</span>
            </th>
            <th class="number">Took</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map((row, i) =>
            spanRow(row, {
              total,
              color: services.get(row.span.service)!,
              isCritical: path.has(row.spanId),
              detail: from + i === openAt ? detail : undefined,
            }),
          )}
        </tbody>
      </table>
    </div>
    ${
      rows.length > shown.length &&
      html`<p class="note">
        ${shown.length} of ${rows.length} spans${from > 0 && `, from the ${from + 1}th on`}
      </p>`
    }`;
}

interface RowLook {
  readonly total: number;
  readonly color: number;
  readonly isCritical: boolean;
  readonly detail: Html | undefined;
}

function spanRow(row: Row & { readonly depth: number }, look: RowLook): Html {
  const { span, start, end, depth } = row;
  const { total, color, isCritical, detail } = look;
  const left = Math.min(997, (start / total) * 1_000);
  const width = Math.max(3, ((end - start) / total) * 1_000);
  const isOpen = detail !== undefined;
  const name = span.name === "" ? "(no name)" : span.name;
  const link = traceLink(span.traceId, isOpen ? undefined : span.spanId);
  return html`<tr ${isOpen && html`id="span" class="open"`}>
      <td><span class="dot k${color}"></span>${span.service}</td>
      <td class="operation d${Math.min(depth, MAX_DEPTH)}">
        <a href="${link}">${name}</a>
        ${span.status === "error" && html`<span class="state down">error</span>`}
      </td>
      <td class="time">
        <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
          <rect
            class="k${color} ${isCritical ? "critical" : "aside"}"
            x="${left.toFixed(1)}"
            y="${isCritical ? 0 : 3}"
            width="${width.toFixed(1)}"
            height="${isCritical ? 10 : 4}"
          />
        </svg>
      </td>
      <td class="number">${durationText(span.durationNs)}</td>
    </tr>
    ${
      isOpen &&
      html`<tr class="detail">
        <td colspan="4">${detail}</td>
      </tr>`
    }`;
}
