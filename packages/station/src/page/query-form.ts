// The box to ask in: a form, so that a question has an address that can be sent to somebody.

import { html, type Html } from "./html.ts";
import { pageLink } from "./page-link.ts";
import { RANGES } from "./time-range.ts";

/** What stands in the form. */
export interface QueryFormState {
  readonly query: string;
  readonly range: string;
  readonly end: string | undefined;
  /** Names of metrics that the browser offers. */
  readonly names: readonly string[];
}

const EXAMPLES = [
  "up",
  "sum by (route) (rate(flx_http_requests_total[5m]))",
  'topk(10, count by (__name__) ({__name__!=""}))',
] as const;

/** The form. */
export function queryForm({ query, range, end, names }: QueryFormState): Html {
  const ranges = RANGES.includes(range) ? RANGES : [range, ...RANGES];
  return html`<form class="ask" action="/query" method="get" role="search">
    <label for="query">PromQL</label>
    <input
      id="query"
      name="query"
      value="${query}"
      list="names"
      placeholder="rate(flx_http_requests_total[5m])"
      autocomplete="off"
      autocapitalize="off"
      spellcheck="false"
      maxlength="20000"
      required
    />
    <datalist id="names">${names.map((name) => html`<option value="${name}"></option>`)}</datalist>
    <label for="range" class="away">Length of time</label>
    <select id="range" name="range">
      ${ranges.map((each) =>
        each === range ? html`<option selected>${each}</option>` : html`<option>${each}</option>`,
      )}
    </select>
    ${end !== undefined && html`<input type="hidden" name="end" value="${end}" />`}
    <button>Ask</button>
    ${
      query === "" &&
      html`<p class="note">
        For example
        ${EXAMPLES.map(
          (each) =>
            html`<a href="${pageLink("/query", { query: each, range })}"><code>${each}</code></a> `,
        )}
      </p>`
    }
  </form>`;
}
