// PromQL and its answer: a chart over the range of time, a table of its end, and traces that exemplars lead to.
//
//   query ─► runner (its gate, its limits) ─┬─ at many times ─► chart, legend
//                                           └─ at the end    ─► table
//
// What is shown is bounded: so many lines in the chart, so many rows in the table; the API has all.

import { FlxError, type Labels } from "@flx/model";
import {
  type Expr,
  histogramText,
  type QueryResult,
  queryUses,
  type SeriesData,
  valueType,
} from "@flx/promql";
import type { ApiRequest } from "../api/http/request.ts";
import { asQuery } from "../api/prometheus/envelope.ts";
import { Refusal } from "../api/http/refusal.ts";
import { numberText } from "../api/prometheus/result-json.ts";
import { shortNumber } from "../base/axis.ts";
import { countText, msText } from "../base/units.ts";
import { chart, type ChartTimes, seriesClass } from "./chart.ts";
import { html, type Html } from "./html.ts";
import type { Page } from "./page-frame.ts";
import { pageLink, traceLink } from "./page-link.ts";
import type { PageParts } from "./page-parts.ts";
import { ago } from "./page-text.ts";
import { queryForm } from "./query-form.ts";
import { nothing } from "./section.ts";
import { type PageRange, pageRange, rangeLinks } from "./time-range.ts";

/** Points of a line: as many as a screen shows. */
const POINTS = 240;
const MAX_LINES = 24;
const MAX_ROWS = 200;
const MAX_NAMES = 1_000;
const MAX_EXEMPLARS = 20;
/** A page that takes longer helps nobody; the API takes what the configuration allows. */
const TIMEOUT_MS = 15_000;

/** The page of a query. */
export async function queryPage(parts: PageParts, request: ApiRequest): Promise<Page> {
  const query = request.parameter("query") ?? "";
  const range = pageRange(request, "1h", parts.now());
  const names = await metricNames(parts, request, range);
  const form = queryForm({ query, range: range.length, end: range.end, names });
  const answer = query === "" ? undefined : await answered(parts, request, query, range);
  return {
    title: query === "" ? "Query" : query.slice(0, 80),
    at: "/query",
    status: answer?.status ?? 200,
    main: html`<h1>Query</h1>
      ${form} ${answer?.content}`,
  };
}

async function metricNames(
  { metrics }: PageParts,
  { signal }: ApiRequest,
  range: PageRange,
): Promise<readonly string[]> {
  const question = { selectors: [], range, limit: MAX_NAMES, signal };
  const found = await metrics.labelValues("__name__", question).catch((error: unknown) => {
    if (error instanceof FlxError) return { items: [] };
    throw error;
  });
  return found.items;
}

async function answered(
  parts: PageParts,
  request: ApiRequest,
  query: string,
  range: PageRange,
): Promise<{ readonly content: Html; readonly status: number }> {
  const { runner } = parts;
  const times = timesOf(range);
  const ask = { signal: request.signal, timeoutMs: TIMEOUT_MS };
  try {
    const prepared = await asQuery("query", () => runner.prepare(query));
    const isDrawn = ["vector", "scalar"].includes(valueType(prepared.expr));
    const over = isDrawn
      ? await asQuery("query", () => runner.range(prepared, times, ask))
      : undefined;
    const atEnd = await asQuery("query", () => runner.instant(prepared, range.endMs, ask));
    const exemplars = await exemplarsPart(parts, request, prepared.expr, range);
    const drawn = over === undefined ? undefined : chartPart(over, query, range, times);
    return { content: html`${drawn} ${tablePart(atEnd, range.endMs)} ${exemplars}`, status: 200 };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const message = error.message.replace('invalid parameter "query": ', "");
    const content = html`<p class="note bad" role="alert">${message}</p>`;
    return { content, status: error.status };
  }
}

/** The last point is the end of the range: what just came is in the chart. */
function timesOf({ startMs, endMs }: PageRange): ChartTimes {
  const stepMs = Math.max(1_000, Math.ceil((endMs - startMs) / POINTS / 1_000) * 1_000);
  const steps = Math.floor((endMs - startMs) / stepMs);
  return { startMs: endMs - steps * stepMs, endMs, stepMs };
}

function chartPart(
  { value, warnings, infos }: QueryResult,
  query: string,
  range: PageRange,
  times: ChartTimes,
): Html {
  const series = value.kind === "matrix" ? value.series : [];
  const shown = series.slice(0, MAX_LINES);
  const names = shown.map(({ labels }) => labelText(labels));
  const drawn = chart(shown, names, times);
  const halfSeconds = (range.endMs - range.startMs) / 2_000;
  const endSeconds = range.endMs / 1_000;
  const moved = (seconds: number): string =>
    pageLink("/query", { query, range: range.length, end: Math.round(endSeconds + seconds) });
  return html`<section aria-label="Chart">
    <div class="bar">
      ${rangeLinks("/query", range, { query })}
      <a class="button" rel="prev" href="${moved(-halfSeconds)}">← earlier</a>
      ${
        range.end !== undefined &&
        html`<a class="button" rel="next" href="${moved(halfSeconds)}">later →</a>
          <a class="button" href="${pageLink("/query", { query, range: range.length })}">now</a>`
      }
    </div>
    ${[...warnings, ...infos].map((text) => html`<p class="note">${text}</p>`)}
    ${
      drawn === undefined
        ? nothing(series.length === 0 ? "Nothing in this time." : "No numbers to draw.")
        : html`${drawn} ${legend(shown, names)}`
    }
    ${
      series.length > shown.length &&
      html`<p class="note">
        and ${countText(series.length - shown.length)} more series that are not drawn: narrow the
        query, or ask for <code>topk</code>
      </p>`
    }
  </section>`;
}

function legend(series: readonly SeriesData[], names: readonly string[]): Html {
  return html`<ul class="legend">
    ${series.map(
      (each, i) =>
        html`<li>
          <svg class="swatch" viewBox="0 0 24 8" aria-hidden="true">
            <path class="line ${seriesClass(i)}" d="M1 4h22" />
          </svg>
          <code>${names[i]}</code> <span class="place">last ${lastText(each)}</span>
        </li>`,
    )}
  </ul>`;
}

function lastText({ values, histograms }: SeriesData): string {
  const last = values.length - 1;
  if (histograms?.[last] !== undefined) return "a histogram";
  const value = values[last] ?? NaN;
  return Number.isFinite(value) ? shortNumber(value) : numberText(value);
}

function tablePart({ value }: QueryResult, timeMs: number): Html {
  const title = html`<h2>At ${msText(timeMs).slice(0, 19)}</h2>`;
  if (value.kind === "scalar" || value.kind === "string") {
    const text = value.kind === "scalar" ? numberText(value.value) : value.value;
    return html`<section aria-label="Table">
      ${title}
      <pre>${text}</pre>
    </section>`;
  }
  const rows: readonly (readonly [Labels, string])[] =
    value.kind === "vector"
      ? value.samples
          .slice(0, MAX_ROWS)
          .map(({ labels, value: number, histogram }) => [
            labels,
            histogram === undefined ? numberText(number) : histogramText(histogram),
          ])
      : value.series
          .slice(0, MAX_ROWS)
          .map((series) => [series.labels, `${series.timestamps.length} samples`]);
  const count = value.kind === "vector" ? value.samples.length : value.series.length;
  if (count === 0)
    return html`<section aria-label="Table">${title}${nothing("Nothing.")}</section>`;
  return html`<section aria-label="Table">
    ${title}
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Series</th>
            <th class="number">Value</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([labels, text]) =>
              html`<tr>
                <td class="wrap"><code>${labelText(labels)}</code></td>
                <td class="number">${text}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${count > rows.length && html`<p class="note">and ${countText(count - rows.length)} more</p>`}
  </section>`;
}

/** `name{label="value"}` */
function labelText(labels: Labels): string {
  const name = labels.metricName ?? "";
  const pairs = [...labels]
    .filter(([key]) => key !== "__name__")
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return pairs.length === 0 && name !== "" ? name : `${name}{${pairs.join(", ")}}`;
}

/** Samples of the series in the query that say which trace they come from. */
async function exemplarsPart(
  { metrics, now }: PageParts,
  { signal }: ApiRequest,
  expr: Expr,
  range: PageRange,
): Promise<Html | undefined> {
  const selectors = queryUses(expr).selectors.map(({ matchers }) => matchers);
  if (selectors.length === 0) return undefined;
  const found = await metrics
    .exemplars(selectors, range, { limit: MAX_EXEMPLARS, signal })
    .catch((error: unknown) => {
      if (error instanceof FlxError) return [];
      throw error;
    });
  const rows = found.flatMap(({ labels, exemplars }) =>
    exemplars.flatMap((exemplar) => {
      const traceId = exemplar.labels.get("trace_id");
      return traceId === undefined ? [] : [{ ...exemplar, labels, traceId }];
    }),
  );
  if (rows.length === 0) return undefined;
  return html`<section aria-label="Exemplars">
    <h2>Exemplars <small>traces that samples come from</small></h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>When</th>
            <th class="number">Value</th>
            <th>Trace</th>
            <th>Series</th>
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, MAX_EXEMPLARS).map(
            ({ timestampMs, value, traceId, labels }) =>
              html`<tr>
                <td>${ago(timestampMs, now())}</td>
                <td class="number">${numberText(value)}</td>
                <td><a href="${traceLink(traceId)}">${traceId.slice(0, 8)}…</a></td>
                <td class="wrap"><code>${labelText(labels)}</code></td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
