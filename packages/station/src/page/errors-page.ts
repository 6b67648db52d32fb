// Error groups, filtered.

import type { ApiRequest } from "../api/http/request.ts";
import { wordParameter } from "../api/records/parameters.ts";
import { errorList } from "./error-list.ts";
import { filterForm } from "./filter-form.ts";
import { html } from "./html.ts";
import type { Page } from "./page-frame.ts";
import type { PageParts } from "./page-parts.ts";
import { nothing, section } from "./section.ts";

const LIMIT = 100;

/** The page of error groups. */
export async function errorsPage(parts: PageParts, request: ApiRequest): Promise<Page> {
  const [state, order] = [request.parameter("state") ?? "open", request.parameter("order")];
  const [service, text] = [request.parameter("service"), request.parameter("text")];
  const question = {
    state: state === "any" ? undefined : (wordParameter(request, "state", STATES) ?? "open"),
    order: wordParameter(request, "order", ORDERS) ?? "lastSeen",
    service,
    text,
    limit: LIMIT,
  } as const;
  const groups = await section(
    { id: "groups", title: "Groups", signal: request.signal },
    async () => {
      const { items, isCut } = await parts.errors.list(question);
      if (items.length === 0) return nothing("No error groups like that.");
      return html`${errorList(
        items.map((group) => ({ group })),
        parts.now(),
      )}
      ${isCut && html`<p class="note">the first ${LIMIT}; there are more</p>`}`;
    },
  );
  return {
    title: "Errors",
    at: "/errors",
    main: html`<h1>Errors</h1>
      ${filterForm(
        "/errors",
        [
          {
            name: "state",
            label: "State",
            value: state,
            choices: [...STATES.map((word) => [word, word] as const), ["any", "any"]],
          },
          { name: "service", label: "Service", value: service },
          { name: "text", label: "Text", value: text, placeholder: "TypeError" },
          {
            name: "order",
            label: "First",
            value: order,
            choices: [
              ["lastSeen", "seen last"],
              ["firstSeen", "the newest group"],
              ["count", "the most frequent"],
            ],
          },
        ],
        {},
      )}
      ${groups}`,
  };
}

const STATES = ["open", "resolved", "ignored"] as const;
const ORDERS = ["lastSeen", "firstSeen", "count"] as const;
