// A trace: what it was, its waterfall, and its log records. With a span in the address that span is open, with its
// attributes, events, links and log records.

import type { ApiRequest } from "../api/http/request.ts";
import { Refusal } from "../api/http/refusal.ts";
import { asked } from "../api/records/parameters.ts";
import { traceIdOf } from "../api/traces/trace-routes.ts";
import { countText, durationText, msText } from "../base/units.ts";
import type { StoredLog } from "../store/logs/log-store.ts";
import type { StoredSpan, Trace } from "../store/spans/span-store.ts";
import { fieldList } from "./error-list.ts";
import { html, type Html } from "./html.ts";
import { logList } from "./log-list.ts";
import type { Page } from "./page-frame.ts";
import { pageLink, traceLink } from "./page-link.ts";
import type { PageParts } from "./page-parts.ts";
import { ago } from "./page-text.ts";
import { attributeFields } from "./record-fields.ts";
import { nothing, section, SECTION_MS } from "./section.ts";
import { statusWord } from "./span-list.ts";
import { waterfallTable } from "./waterfall-table.ts";

const MAX_SPANS = 10_000;
const MAX_LOGS = 100;
const MAX_EVENTS = 20;
/** Log records are looked for so long around the spans. */
const LOG_REACH_MS = 600_000;

/** The page of a trace. */
export async function tracePage(parts: PageParts, request: ApiRequest): Promise<Page> {
  const id = traceIdOf(request.params.get("id")!);
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(SECTION_MS)]);
  const trace = await asked(() => parts.spans.trace(id, { limit: MAX_SPANS, signal }));
  if (trace === undefined) throw new Refusal("not_found", `there is no trace ${id}`);
  const open = trace.spans.find(({ spanId }) => spanId === request.parameter("span"));
  const logs = await logsOf(parts, trace, signal);
  const root = trace.spans.find(({ parentSpanId }) => parentSpanId === "") ?? trace.spans[0]!;
  const detail =
    open === undefined
      ? undefined
      : spanDetail(open, logs?.filter(({ spanId }) => spanId === open.spanId) ?? []);
  return {
    title: `${root.name} · ${id.slice(0, 8)}`,
    at: "/traces",
    main: html`<h1>${root.name === "" ? "(no name)" : root.name} <small>${root.service}</small></h1>
      ${summary(trace, parts.now())}
      <section aria-label="Waterfall">
        ${waterfallTable({ spans: trace.spans, openSpanId: open?.spanId, detail })}
        ${trace.isCut && html`<p class="note">It has more than ${countText(MAX_SPANS)} spans.</p>`}
      </section>
      ${await section(
        { id: "logs", title: "Logs", note: "of this trace", signal: request.signal },
        () => logsOrNone(logs),
      )}`,
  };
}

function logsOrNone(logs: readonly StoredLog[] | undefined): Html {
  if (logs === undefined) return nothing("The logs could not be asked for.");
  return logs.length === 0 ? nothing("No log records of this trace.") : logList(logs);
}

/** The log records of a trace; undefined when they cannot be asked for. */
async function logsOf(
  { logs }: PageParts,
  { traceId, spans }: Trace,
  signal: AbortSignal,
): Promise<readonly StoredLog[] | undefined> {
  const starts = spans.map(({ startNs }) => Number(startNs) / 1e6);
  const ends = spans.map(({ startNs, durationNs }) => Number(startNs) / 1e6 + durationNs / 1e6);
  const least = starts.reduce((a, b) => Math.min(a, b), Infinity);
  const most = ends.reduce((a, b) => Math.max(a, b), 0);
  const range = { startMs: least - LOG_REACH_MS, endMs: most + LOG_REACH_MS };
  const question = { range, traceId, order: "oldest", attributes: [], limit: MAX_LOGS } as const;
  return await asked(() => logs.search({ ...question, signal })).then(
    ({ items }) => items,
    (error: unknown) => {
      if (error instanceof Refusal) return undefined;
      throw error;
    },
  );
}

function summary({ traceId, spans }: Trace, nowMs: number): Html {
  const startNs = spans.reduce((a, { startNs: b }) => (b < a ? b : a), spans[0]!.startNs);
  const endNs = spans.reduce((a, span) => {
    const end = span.startNs + BigInt(span.durationNs);
    return end > a ? end : a;
  }, 0n);
  const errors = spans.filter(({ status }) => status === "error").length;
  const services = new Set(spans.map(({ service }) => service)).size;
  const startMs = Number(startNs / 1_000_000n);
  return html`<p class="facts">
    <span><b>${durationText(Number(endNs - startNs))}</b></span>
    <span>${countText(spans.length)} spans</span>
    <span>${services === 1 ? "1 service" : `${services} services`}</span>
    ${errors > 0 && html`<span class="bad">${errors} failed</span>`}
    <span>${msText(startMs)} (${ago(startMs, nowMs)})</span>
    <code>${traceId}</code>
  </p>`;
}

function spanDetail(span: StoredSpan, logs: readonly StoredLog[]): Html {
  const { events, links, resource, scope, kind, status, statusMessage, spanId } = span;
  return html`<div class="span-detail">
    <p class="facts">
      ${statusWord(status, statusMessage)}
      <span>${kind}</span>
      <span>${msText(Number(span.startNs / 1_000_000n))}</span>
      ${scope.name !== "" && html`<span>${scope.name} ${scope.version}</span>`}
      <code>${spanId}</code>
      <a href="${pageLink("/traces", { service: span.service, operation: span.name })}"
        >others like it</a
      >
    </p>
    ${span.attributes.length > 0 && fieldList(attributeFields(span.attributes))}
    ${events.length > 0 && html`<h3>Events</h3>`}
    ${events.slice(0, MAX_EVENTS).map(
      ({ name, timeNs, attributes }) =>
        html`<p>
            <b>${name}</b>
            <span class="place">after ${durationText(Number(timeNs - span.startNs))}</span>
          </p>
          ${fieldList(attributeFields(attributes))}`,
    )}
    ${events.length > MAX_EVENTS && html`<p class="note">and ${events.length - MAX_EVENTS} more</p>`}
    ${links.length > 0 && html`<h3>Links</h3>`}
    ${links
      .slice(0, MAX_EVENTS)
      .map(
        ({ traceId, spanId: linked }) =>
          html`<p><a href="${traceLink(traceId, linked)}">trace ${traceId.slice(0, 8)}…</a></p>`,
      )}
    ${logs.length > 0 && html`<h3>Logs of this span</h3>`} ${logs.length > 0 && logList(logs)}
    <details>
      <summary>Sent by</summary>
      ${fieldList(attributeFields(resource.attributes))}
    </details>
  </div>`;
}
