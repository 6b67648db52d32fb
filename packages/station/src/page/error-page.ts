// An error group: what it is, where and when it happened, and its latest occurrence with frames and locals.

import type { ApiRequest } from "../api/http/request.ts";
import { Refusal } from "../api/http/refusal.ts";
import { asked } from "../api/records/parameters.ts";
import { countText, msText } from "../base/units.ts";
import type { ErrorGroupDetail, ErrorOccurrence, ErrorTally } from "../store/errors/error-store.ts";
import { capturedAt, fieldList, frameList, groupState, shortPath } from "./error-list.ts";
import { html, type Html } from "./html.ts";
import type { Page } from "./page-frame.ts";
import { pageLink, traceLink } from "./page-link.ts";
import type { PageParts } from "./page-parts.ts";
import { ago } from "./page-text.ts";

const MAX_TALLIES = 10;
const MAX_HISTORY = 20;
const MAX_FIELDS = 60;
const MAX_STACK = 8_000;

/** The page of an error group. */
export async function errorPage(parts: PageParts, request: ApiRequest): Promise<Page> {
  const fingerprint = request.params.get("fingerprint")!;
  const group = await asked(() => parts.errors.get(fingerprint));
  if (group === undefined) throw new Refusal("not_found", "there is no such error group");
  const nowMs = parts.now();
  const { type, message, culprit, examples } = group;
  const at = exampleAt(request, examples);
  const example = examples[at];
  return {
    title: type === "" ? "Error" : type,
    at: "/errors",
    main: html`<h1>${type === "" ? "Error" : type}</h1>
      <p class="message">${message}</p>
      <p class="facts">
        ${groupState(group)}
        <span><b>${countText(group.count)}</b> times</span>
        <span>first ${ago(group.firstSeenMs, nowMs)}</span>
        <span>last ${ago(group.lastSeenMs, nowMs)}</span>
        ${culprit !== "" && html`<code>${shortPath(culprit)}</code>`}
      </p>
      ${tallies(group)} ${example !== undefined && occurrence(example, group, at)} ${history(group)}
      <p class="note">
        To resolve, ignore or reopen it: <code>flx errors resolve ${group.fingerprint}</code>
      </p>`,
  };
}

/** The occurrence in the address; else the newest with values of variables, else the newest. */
function exampleAt(request: ApiRequest, examples: readonly ErrorOccurrence[]): number {
  const index = Number(request.parameter("example") ?? Math.max(0, capturedAt(examples)));
  return Number.isInteger(index) && index >= 0 && index < examples.length ? index : 0;
}

function tallies({ services, releases, firstRelease, regressedIn }: ErrorGroupDetail): Html {
  const first = firstRelease === "" ? "" : `; first in ${firstRelease}`;
  const back = regressedIn === "" ? "" : `; came back in ${regressedIn}`;
  return fieldList([
    { name: "services", value: tallyText(services) },
    ...(releases.length === 0
      ? []
      : [{ name: "releases", value: tallyText(releases) + first + back }]),
  ]);
}

function tallyText(list: readonly ErrorTally[]): string {
  const shown = list.slice(0, MAX_TALLIES).map(({ name, count }) => `${name} (${count})`);
  const more = list.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function occurrence(example: ErrorOccurrence, group: ErrorGroupDetail, at: number): Html {
  const { timeMs, service, release, traceId, spanId, frames, fields, stack, isFatal } = example;
  const other = (index: number, text: string): Html | false =>
    group.examples[index] !== undefined &&
    html`<a
      class="button"
      href="${pageLink(`/errors/${group.fingerprint}`, { example: index })}#occurrence"
      >${text}</a
    >`;
  return html`<section id="occurrence" aria-label="Occurrence">
    <div class="bar">
      <h2>Occurrence ${at + 1} of ${group.examples.length} kept</h2>
      ${at > 0 && other(at - 1, "← newer")} ${other(at + 1, "older →")}
    </div>
    <p class="facts">
      <span>${msText(timeMs)}</span>
      <span>${service} ${release}</span>
      ${isFatal && html`<span class="bad">nobody caught it</span>`}
      ${
        traceId !== "" &&
        html`<a href="${traceLink(traceId, spanId === "" ? undefined : spanId)}">its trace</a>`
      }
    </p>
    ${
      frames.length > 0
        ? frameList(frames)
        : stack !== "" && html`<pre>${stack.slice(0, MAX_STACK)}</pre>`
    }
    ${
      fields.length > 0 &&
      html`<h3>What else is known</h3>
        ${fieldList(fields.slice(0, MAX_FIELDS))}`
    }
  </section>`;
}

function history({ history: changes }: ErrorGroupDetail): Html {
  return html`<section aria-labelledby="history-title">
    <h2 id="history-title">History</h2>
    <ol class="history">
      ${changes.slice(-MAX_HISTORY).map(({ timeMs, change, by, release, note }) => {
        const words = [change, by === "" ? "" : `by ${by}`, release, note];
        const said = words.filter((word) => word !== "").join(" · ");
        return html`<li><time>${msText(timeMs).slice(0, 19)}</time> ${said}</li>`;
      })}
    </ol>
  </section>`;
}
