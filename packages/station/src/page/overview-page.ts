// The first page: what is scraped, what services do, what failed lately, what was slow, who calls whom, and a place to ask.

import type { ApiRequest } from "../api/http/request.ts";
import type { StoredSpan } from "../store/spans/span-store.ts";
import { readGraph } from "../traces/read-graph.ts";
import { callsTable } from "./calls-table.ts";
import { capturedAt, errorList } from "./error-list.ts";
import { html, type Html } from "./html.ts";
import type { Page } from "./page-frame.ts";
import { pageLink } from "./page-link.ts";
import type { PageParts } from "./page-parts.ts";
import { queryForm } from "./query-form.ts";
import { nothing, section } from "./section.ts";
import { servicesTable } from "./services-table.ts";
import { spanList } from "./span-list.ts";
import { targetsTable } from "./targets-table.ts";
import { type PageRange, pageRange, rangeLinks } from "./time-range.ts";

const MAX_SERVICES = 50;
const MAX_ERRORS = 6;
const MAX_SLOW = 10;
/** Asked for, so that after those of the same operation there are enough. */
const SLOW_ASKED = 200;
const SAME_OPERATION = 2;
const REFRESH_SECONDS = 15;

/** The overview. */
export async function overviewPage(parts: PageParts, request: ApiRequest): Promise<Page> {
  const nowMs = parts.now();
  const range = pageRange(request, "15m", nowMs);
  const isLive = request.parameter("live") === "1";
  const [targets, services, calls, errors, slow] = await Promise.all([
    targetsSection(parts, request, nowMs),
    servicesSection(parts, request, range),
    callsSection(parts, request, range),
    errorsSection(parts, request, nowMs),
    slowSection(parts, request, range, nowMs),
  ]);
  // What is down comes first.
  const hasTrouble = parts.targets.active().some(({ health }) => health === "down");
  const live = isLive ? undefined : "1";
  return {
    title: "Overview",
    at: "/",
    refreshSeconds: isLive ? REFRESH_SECONDS : undefined,
    main: html`<div class="bar">
        <h1>Overview</h1>
        ${rangeLinks("/", range, { live: isLive ? "1" : undefined })}
        <a class="button" href="${pageLink("/", { range: range.length, end: range.end, live })}"
          >${isLive ? "Stop" : `Reload every ${REFRESH_SECONDS} s`}</a
        >
      </div>
      ${queryForm({ query: "", range: range.length, end: undefined, names: [] })}
      ${hasTrouble ? [targets, services, errors, slow, calls] : [services, errors, slow, calls, targets]}`,
  };
}

function targetsSection(
  { targets }: PageParts,
  { signal }: ApiRequest,
  nowMs: number,
): Promise<Html> {
  const active = targets.active();
  const down = active.filter(({ health }) => health === "down").length;
  const note = html`${active.length - down} of ${active.length} not down`;
  return section({ id: "targets", title: "Targets", note: active.length > 0 && note, signal }, () =>
    targetsTable(active, nowMs),
  );
}

function servicesSection(
  { spans }: PageParts,
  { signal }: ApiRequest,
  range: PageRange,
): Promise<Html> {
  return section(
    { id: "services", title: "Services", note: `in ${range.length}`, signal },
    async (within) => {
      const { items, isCut } = await spans.activity(range, { limit: MAX_SERVICES, signal: within });
      return servicesTable(items, isCut, range);
    },
  );
}

function callsSection(parts: PageParts, { signal }: ApiRequest, range: PageRange): Promise<Html> {
  return section(
    { id: "calls", title: "Calls", note: `in ${range.length}`, signal },
    async (within) => callsTable(await readGraph(parts, range, within), range),
  );
}

function errorsSection(
  { errors }: PageParts,
  { signal }: ApiRequest,
  nowMs: number,
): Promise<Html> {
  const note = html`<a href="/errors">all</a>`;
  return section({ id: "errors", title: "Latest errors", note, signal }, async () => {
    const { items } = await errors.list({ state: "open", order: "lastSeen", limit: MAX_ERRORS });
    if (items.length === 0) return nothing("No open error groups.");
    const listed = items.map(async (group) => {
      const examples = (await errors.get(group.fingerprint))?.examples ?? [];
      return { group, latest: examples[capturedAt(examples)] ?? examples[0] };
    });
    return errorList(await Promise.all(listed), nowMs);
  });
}

function slowSection(
  { spans }: PageParts,
  { signal }: ApiRequest,
  range: PageRange,
  nowMs: number,
): Promise<Html> {
  const all = { order: "longest", range: range.length, end: range.end };
  const note = html`in ${range.length} · <a href="${pageLink("/traces", all)}">all</a>`;
  return section({ id: "slow", title: "Slow traces", note, signal }, async (within) => {
    const question = { range, isRoot: true, order: "longest", attributes: [] } as const;
    const { items } = await spans.spans({ ...question, limit: SLOW_ASKED, signal: within });
    const shown = variedSpans(items).slice(0, MAX_SLOW);
    return shown.length === 0 ? nothing("No traces in this time.") : spanList(shown, nowMs);
  });
}

/** Few of each operation: else one slow job fills the list. */
function variedSpans(spans: readonly StoredSpan[]): StoredSpan[] {
  const seen = new Map<string, number>();
  return spans.filter(({ service, name }) => {
    const key = JSON.stringify([service, name]);
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return before < SAME_OPERATION;
  });
}
