// Services with rate, errors and duration of what came in to them.

import { durationText, percentText, rateText } from "../base/units.ts";
import type { ServiceActivity } from "../store/spans/span-store.ts";
import { html, type Html } from "./html.ts";
import { pageLink } from "./page-link.ts";
import { nothing } from "./section.ts";
import type { PageRange } from "./time-range.ts";

/** Over less than this no rate is told. */
const LEAST_RATED_MS = 10_000;

/** The table of services. */
export function servicesTable(
  services: readonly ServiceActivity[],
  isCut: boolean,
  range: PageRange,
): Html {
  if (services.length === 0) {
    return nothing(
      html`No spans in this time. A service sends them with
        <code>node --import @flx/monitoring/register</code>, or any OpenTelemetry SDK.`,
    );
  }
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Service</th>
            <th class="number">Requests a second</th>
            <th class="number">Errors</th>
            <th class="number">Median</th>
            <th class="number">95 %</th>
            <th>Look at</th>
          </tr>
        </thead>
        <tbody>
          ${services.map((service) => row(service, range))}
        </tbody>
      </table>
    </div>
    ${isCut && html`<p class="note">and more services, less busy</p>`}`;
}

function row(activity: ServiceActivity, range: PageRange): Html {
  const { service, count, errors, firstMs, medianNs, p95Ns } = activity;
  // A service that began within the range is not half as busy for it.
  const sinceMs = Math.max(range.startMs, Math.min(firstMs, range.endMs - LEAST_RATED_MS));
  const seconds = (range.endMs - sinceMs) / 1_000;
  const about = { service, range: range.length, end: range.end };
  return html`<tr>
    <td><a href="${pageLink("/traces", about)}">${service === "" ? "(no name)" : service}</a></td>
    <td class="number">${rateText(count / seconds)}</td>
    <td class="number ${errors > 0 && "bad"}">${percentText(errors / count)}</td>
    <td class="number">${durationText(medianNs)}</td>
    <td class="number">${durationText(p95Ns)}</td>
    <td class="links">
      <a href="${pageLink("/traces", { ...about, order: "longest" })}">slow</a>
      <a href="${pageLink("/traces", { ...about, status: "error" })}">failed</a>
      <a href="${pageLink("/logs", about)}">logs</a>
    </td>
  </tr>`;
}
