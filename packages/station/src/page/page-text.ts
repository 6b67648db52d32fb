// Times as pages show them.

import { html, type Html } from "./html.ts";
import { msText } from "../base/units.ts";

/** How long ago, in one unit: "12 s ago". */
export function agoText(ms: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - ms) / 1_000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** How long ago, with the time for whoever points at it. */
export function ago(ms: number, nowMs: number): Html {
  return html`<time datetime="${isoText(ms)}" title="${msText(ms)}">${agoText(ms, nowMs)}</time>`;
}

function isoText(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : "";
}
