// Targets and how their last scrape went: those in trouble first.

import type { ActiveTarget } from "../api/prometheus/target-routes.ts";
import { durationText } from "../base/units.ts";
import { html, type Html } from "./html.ts";
import { ago } from "./page-text.ts";
import { nothing } from "./section.ts";

const MAX_ROWS = 50;
const ORDER = { down: 0, unknown: 1, up: 2 } as const;

/** The table of targets. */
export function targetsTable(targets: readonly ActiveTarget[], nowMs: number): Html {
  if (targets.length === 0) {
    return nothing(
      html`Nothing is scraped. Targets stand under <code>scrape_configs</code> in the configuration.`,
    );
  }
  const sorted = targets.toSorted((a, b) => ORDER[a.health] - ORDER[b.health]);
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            <th>State</th>
            <th>Job</th>
            <th>Instance</th>
            <th>Last scrape</th>
            <th class="number">Took</th>
            <th>Trouble</th>
          </tr>
        </thead>
        <tbody>
          ${sorted.slice(0, MAX_ROWS).map((target) => row(target, nowMs))}
        </tbody>
      </table>
    </div>
    ${sorted.length > MAX_ROWS && html`<p class="note">and ${sorted.length - MAX_ROWS} more</p>`}`;
}

function row(target: ActiveTarget, nowMs: number): Html {
  const { health, labels, scrapePool, scrapeUrl, lastScrapeMs, lastScrapeDurationMs } = target;
  const isNew = lastScrapeMs === 0;
  return html`<tr>
    <td><span class="state ${health}">${health}</span></td>
    <td>${scrapePool}</td>
    <td title="${scrapeUrl}">${labels.get("instance") ?? scrapeUrl}</td>
    <td>${isNew ? "not yet" : ago(lastScrapeMs, nowMs)}</td>
    <td class="number">${isNew ? "" : durationText(lastScrapeDurationMs * 1e6)}</td>
    <td class="wrap">${target.lastError}</td>
  </tr>`;
}
