// Log records as lines: when, how severe, whose, what it says; with what else it carries folded away.

import { valueText } from "@flx/model";
import type { StoredLog } from "../store/logs/log-store.ts";
import type { Attributes } from "../store/stored-record.ts";
import { msText } from "../base/units.ts";
import { fieldList } from "./error-list.ts";
import { html, type Html } from "./html.ts";
import { traceLink } from "./page-link.ts";
import { attributeFields } from "./record-fields.ts";

const MAX_BODY = 1_000;
const MAX_SAID = 5;
const OF_THE_SENDER: ReadonlySet<string> = new Set(["service", "version", "environment"]);

/** The list of log records. */
export function logList(logs: readonly StoredLog[]): Html {
  return html`<ul class="logs">
    ${logs.map(entry)}
  </ul>`;
}

function entry(log: StoredLog): Html {
  const { timeNs, severity, severityText, service, body, eventName, traceId, spanId } = log;
  const text = body === undefined ? eventName : valueText(body);
  const [kind, word] = severityOf(severity);
  return html`<li class="${kind}">
    <time>${msText(Number(timeNs / 1_000_000n)).slice(11)}</time>
    <span class="severity">${severityText === "" ? word : severityText.slice(0, 12)}</span>
    <span class="place">${service}</span>
    <span class="text">${text.slice(0, MAX_BODY)}</span>
    <span class="said">${saidText(log.attributes)}</span>
    ${
      traceId !== "" &&
      html`<a href="${traceLink(traceId, spanId === "" ? undefined : spanId)}">trace</a>`
    }
    ${
      log.attributes.length > 0 &&
      html`<details>
        <summary>${log.attributes.length} fields</summary>
        ${fieldList(attributeFields(log.attributes))}
      </details>`
    }
  </li>`;
}

/** What a record says beside its text, in short: not what its sender says of itself. */
function saidText(attributes: Attributes): string {
  const said = attributeFields(attributes.filter(([name]) => !OF_THE_SENDER.has(name)))
    .slice(0, MAX_SAID)
    .map(({ name, value }) => `${name}=${value.slice(0, 60)}`);
  return said.join("  ").slice(0, 200);
}

function severityOf(severity: number): readonly [kind: string, word: string] {
  if (severity >= 21) return ["bad", "FATAL"];
  if (severity >= 17) return ["bad", "ERROR"];
  if (severity >= 13) return ["warn", "WARN"];
  if (severity >= 9) return ["plain", "INFO"];
  if (severity >= 5) return ["faint", "DEBUG"];
  return ["faint", severity === 0 ? "" : "TRACE"];
}
