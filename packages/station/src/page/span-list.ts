// Spans as a list: when, whose, what, how long, how it ended; each leads to its trace.

import { durationText, msText } from "../base/units.ts";
import type { StoredSpan } from "../store/spans/span-store.ts";
import { html, type Html } from "./html.ts";
import { traceLink } from "./page-link.ts";
import { ago } from "./page-text.ts";

/** The table of spans. */
export function spanList(spans: readonly StoredSpan[], nowMs: number): Html {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Began</th>
          <th>Service</th>
          <th>Operation</th>
          <th class="number">Took</th>
          <th>Ended</th>
        </tr>
      </thead>
      <tbody>
        ${spans.map((span) => row(span, nowMs))}
      </tbody>
    </table>
  </div>`;
}

function row(span: StoredSpan, nowMs: number): Html {
  const { traceId, spanId, service, name, startNs, durationNs, status, statusMessage } = span;
  return html`<tr>
    <td>${ago(Number(startNs) / 1e6, nowMs)}</td>
    <td>${service}</td>
    <td class="wrap">
      <a href="${traceLink(traceId, spanId)}">${name === "" ? "(no name)" : name}</a>
    </td>
    <td class="number">${durationText(durationNs)}</td>
    <td class="wrap">${statusWord(status, statusMessage)}</td>
  </tr>`;
}

/** How a span ended, in a word, with its message. */
export function statusWord(status: StoredSpan["status"], message: string): Html {
  if (status !== "error") return html`<span class="state up">ok</span>`;
  return html`<span class="state down">error</span> ${message.slice(0, 200)}`;
}

/** The time of a span to the millisecond. */
export function spanTime({ startNs }: StoredSpan): string {
  return msText(Number(startNs / 1_000_000n));
}
