// Log records, filtered, the newest first.

import type { ApiRequest } from "../api/http/request.ts";
import { logQuestion } from "../api/logs/log-routes.ts";
import { filterForm } from "./filter-form.ts";
import { html } from "./html.ts";
import { logList } from "./log-list.ts";
import { offeredServices } from "./offered-services.ts";
import type { Page } from "./page-frame.ts";
import type { PageParts } from "./page-parts.ts";
import { nothing, section } from "./section.ts";
import { pageRange, rangeLinks } from "./time-range.ts";

const LIMIT = 200;

/** The page of log records. */
export async function logsPage(parts: PageParts, request: ApiRequest): Promise<Page> {
  const range = pageRange(request, "15m", parts.now());
  const asked = ["service", "severity", "text"] as const;
  const given = Object.fromEntries(asked.map((name) => [name, request.parameter(name)]));
  const question = { ...logQuestion(request, parts.now()), range, limit: LIMIT };
  const services = await offeredServices(parts.logs, range, request.signal);
  const found = await section(
    { id: "found", title: "Records", note: `in ${range.length}`, signal: request.signal },
    async (signal) => {
      const { items, isCut } = await parts.logs.search({ ...question, signal });
      if (items.length === 0) return nothing("No log records in this time fit.");
      return html`${logList(items)}
      ${isCut && html`<p class="note">the newest ${LIMIT}; there are more</p>`}`;
    },
  );
  return {
    title: "Logs",
    at: "/logs",
    main: html`<div class="bar">
        <h1>Logs</h1>
        ${rangeLinks("/logs", range, given)}
      </div>
      ${filterForm(
        "/logs",
        [
          { name: "service", label: "Service", value: given["service"], offers: services },
          {
            name: "severity",
            label: "Severity",
            value: given["severity"],
            choices: [
              ["", "any"],
              ["info", "info or worse"],
              ["warn", "warn or worse"],
              ["error", "error or worse"],
            ],
          },
          { name: "text", label: "Text", value: given["text"], placeholder: "declined" },
        ],
        { range: range.length, end: range.end },
      )}
      ${found}`,
  };
}
