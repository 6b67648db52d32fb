// Error groups as a list, and the frames of an occurrence: what people look at first.

import type { ErrorFrame, ErrorGroup, ErrorOccurrence } from "../store/errors/error-store.ts";
import { html, type Html } from "./html.ts";
import { errorLink } from "./page-link.ts";
import { ago } from "./page-text.ts";
import { countText } from "../base/units.ts";

/** Frames of an occurrence that are shown at once. */
const MAX_FRAMES = 50;
const MAX_LOCALS = 20;

/** A group, and its latest occurrence when that is to be shown, too. */
export interface ListedGroup {
  readonly group: ErrorGroup;
  readonly latest?: ErrorOccurrence | undefined;
}

/** Groups with the frames of their latest occurrence. */
export function errorList(groups: readonly ListedGroup[], nowMs: number): Html {
  return html`<ul class="errors">
    ${groups.map((each, i) => entry(each, i === 0, nowMs))}
  </ul>`;
}

function entry({ group, latest }: ListedGroup, isOpen: boolean, nowMs: number): Html {
  const { fingerprint, type, message, culprit, count, lastSeenMs, services } = group;
  const names = services.slice(0, 3).map(({ name }) => name);
  return html`<li>
    <p class="error-head">
      ${groupState(group)}
      <a href="${errorLink(fingerprint)}"><b>${type === "" ? "Error" : type}</b></a>
      <span class="message">${message.slice(0, 300)}</span>
    </p>
    <p class="note">
      ${countText(count)} times, last ${ago(lastSeenMs, nowMs)} in
      ${names.join(", ")}${services.length > 3 && ` and ${services.length - 3} more`}${
        culprit !== "" && html` · <code>${shortPath(culprit)}</code>`
      }
    </p>
    ${
      latest !== undefined &&
      latest.frames.length > 0 &&
      html`<details ${isOpen && html`open`}>
        <summary>Frames</summary>
        ${frameList(ownFirst(latest.frames))}
      </details>`
    }
  </li>`;
}

/** The frames up to the first three of the service's own code. */
function ownFirst(frames: readonly ErrorFrame[]): readonly ErrorFrame[] {
  const own = frames.filter(({ isOwn }) => isOwn);
  return (own.length > 0 ? own : frames).slice(0, 3);
}

/** The state of a group as a mark. */
export function groupState({ state, isRegressed }: ErrorGroup): Html {
  if (isRegressed && state === "open") return html`<span class="state down">came back</span>`;
  const look = { open: "down", resolved: "up", ignored: "unknown" } as const;
  return html`<span class="state ${look[state]}">${state}</span>`;
}

/** Frames with their locals, the innermost first. */
export function frameList(frames: readonly ErrorFrame[]): Html {
  return html`<ol class="frames">
      ${frames.slice(0, MAX_FRAMES).map(frameEntry)}
    </ol>
    ${
      frames.length > MAX_FRAMES &&
      html`<p class="note">and ${frames.length - MAX_FRAMES} more frames</p>`
    }`;
}

function frameEntry({ function: name, file, line, column, isOwn, locals }: ErrorFrame): Html {
  const path = shortPath(file ?? "native");
  const place = [path, line, column].filter((part) => part !== undefined).join(":");
  return html`<li class="${isOwn ? "own" : "foreign"}">
    <code>${name ?? "<anonymous>"}</code> <span class="place">${place}</span>
    ${locals.length > 0 && fieldList(locals.slice(0, MAX_LOCALS))}
  </li>`;
}

/** Which occurrence has values of variables, the newest of them; -1 when none has. */
export function capturedAt(examples: readonly ErrorOccurrence[]): number {
  return examples.findIndex(({ frames }) => frames.some(({ locals }) => locals.length > 0));
}

/** A path without the scheme that Node puts before the paths of modules. */
export function shortPath(text: string): string {
  return text.replace("file://", "");
}

/** Names with values. */
export function fieldList(
  fields: readonly { readonly name: string; readonly value: string }[],
): Html {
  return html`<dl>
    ${fields.map(
      ({ name, value }) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
