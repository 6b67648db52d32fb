// Who calls whom: the edges of the service graph, those that fail first, then the busiest.

import { countText, durationText, percentText } from "../base/units.ts";
import type { Durations, GraphEdge, ReadGraph } from "../traces/read-graph.ts";
import { html, type Html } from "./html.ts";
import { pageLink } from "./page-link.ts";
import { nothing } from "./section.ts";
import type { PageRange } from "./time-range.ts";

const MAX_ROWS = 30;

/** The table of calls. */
export function callsTable({ nodes, edges }: ReadGraph, range: PageRange): Html {
  if (edges.length === 0) return nothing("No calls between services in this time.");
  const services = new Set(nodes.filter(({ type }) => type === "service").map(({ name }) => name));
  const node = (name: string): Html =>
    services.has(name)
      ? html`<a
          href="${pageLink("/traces", { service: name, range: range.length, end: range.end })}"
          >${name}</a
        >`
      : html`${name}`;
  const sorted = edges.toSorted((a, b) => failing(b) - failing(a));
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            <th>From</th>
            <th>To</th>
            <th class="number">Calls</th>
            <th class="number">Failed</th>
            <th class="number" title="as the caller measured it">95 %, caller</th>
            <th class="number" title="as the called one measured it">95 %, called</th>
          </tr>
        </thead>
        <tbody>
          ${sorted.slice(0, MAX_ROWS).map((edge) => row(edge, node))}
        </tbody>
      </table>
    </div>
    ${sorted.length > MAX_ROWS && html`<p class="note">and ${sorted.length - MAX_ROWS} more</p>`}`;
}

/** 1 for an edge with failures. */
function failing({ failed }: GraphEdge): number {
  return failed > 0 ? 1 : 0;
}

function row(edge: GraphEdge, node: (name: string) => Html): Html {
  const { client, server, calls, failed, clientDurations, serverDurations } = edge;
  return html`<tr>
    <td>${node(client)}</td>
    <td>${node(server)}</td>
    <td class="number">${countText(calls)}</td>
    <td class="number ${failed > 0 && "bad"}">${percentText(failed / calls)}</td>
    <td class="number">${p95Text(clientDurations)}</td>
    <td class="number">${p95Text(serverDurations)}</td>
  </tr>`;
}

function p95Text(durations: Durations | undefined): string {
  return durations === undefined ? "" : durationText(durations.p95Seconds * 1e9);
}
