// The built-in pages: HTML made here, for whoever may read.
//
//   GET /                       what is scraped, what services do, what failed, what was slow, a place to ask
//   GET /query                  query, range, end                     chart, table, exemplars
//   GET /traces                 service, operation, status, min_duration, attribute, order, range, end
//   GET /traces/:id             span                                  waterfall, logs
//   GET /errors                 state, service, text, order
//   GET /errors/:fingerprint    example                               frames, locals, trace
//   GET /logs                   service, severity, text, range, end
//   GET /page/page.css /page/icon.svg
//
// Pages only look: nothing is changed from them, so no other site can have somebody's browser change anything.

import { textAnswer, type Answer } from "../api/http/answer.ts";
import { Refusal } from "../api/http/refusal.ts";
import type { ApiRequest } from "../api/http/request.ts";
import type { Route } from "../api/http/route.ts";
import { errorPage } from "./error-page.ts";
import { errorsPage } from "./errors-page.ts";
import { html } from "./html.ts";
import { logsPage } from "./logs-page.ts";
import { overviewPage } from "./overview-page.ts";
import { ICON, type Page, PAGE_POLICY, pageAnswer } from "./page-frame.ts";
import type { PageParts } from "./page-parts.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { queryPage } from "./query-page.ts";
import { tracePage } from "./trace-page.ts";
import { tracesPage } from "./traces-page.ts";

type PageMaker = (parts: PageParts, request: ApiRequest) => Promise<Page>;

/** The routes of pages. */
export function pageRoutes(parts: PageParts): readonly Route[] {
  const page = (path: string, make: PageMaker): Route => ({
    method: "GET",
    path,
    role: "read",
    answer: (request) => answerPage(parts, request, make),
  });
  return [
    page("/", overviewPage),
    page("/query", queryPage),
    page("/traces", tracesPage),
    page("/traces/:id", tracePage),
    page("/errors", errorsPage),
    page("/errors/:fingerprint", errorPage),
    page("/logs", logsPage),
    file("/page/page.css", "text/css; charset=utf-8", PAGE_STYLE),
    file("/page/icon.svg", "image/svg+xml", ICON),
  ];
}

async function answerPage(parts: PageParts, request: ApiRequest, make: PageMaker): Promise<Answer> {
  try {
    return pageAnswer(await make(parts, request), parts.version);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { status, message } = error;
    const main = html`<h1>${status === 404 ? "Not there" : "That cannot be shown"}</h1>
      <p class="note bad" role="alert">${message}</p>
      <p><a href="/">Overview</a></p>`;
    return pageAnswer({ title: String(status), at: "", main, status }, parts.version);
  }
}

/** A file that is the same for all, and shows nothing. */
function file(path: string, type: string, body: string): Route {
  return {
    method: "GET",
    path,
    role: "public",
    answer: () => ({
      ...textAnswer(body),
      headers: {
        "content-type": type,
        "cache-control": "max-age=300",
        "content-security-policy": PAGE_POLICY,
      },
    }),
  };
}
