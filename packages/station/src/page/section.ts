// A section of a page, which has its own time and fails alone: a page with one section that says why it is empty is worth
// more than none.

import { FlxError } from "@flx/model";
import { Refusal } from "../api/http/refusal.ts";
import { html, type Html, type Shown } from "./html.ts";

/** The longest a section may ask for, ms. */
export const SECTION_MS = 5_000;

/** What a section is shown as. */
export interface SectionOptions {
  /** The anchor. */
  readonly id: string;
  readonly title: string;
  /** Beside the title. */
  readonly note?: Shown;
  /** Ends when whoever asked is gone. */
  readonly signal: AbortSignal;
}

/**
 * A section with what some work finds.
 *
 * @param work is given a signal that also ends when its time is over
 */
export async function section(
  { id, title, note, signal }: SectionOptions,
  work: (signal: AbortSignal) => Promise<Html> | Html,
): Promise<Html> {
  const deadline = AbortSignal.timeout(SECTION_MS);
  let content: Html;
  try {
    content = await work(AbortSignal.any([signal, deadline]));
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    content = html`<p class="note bad">${deadline.aborted ? LATE : reasonOf(error)}</p>`;
  }
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title} <small>${note}</small></h2>
    ${content}
  </section>`;
}

const LATE = `Not found within ${SECTION_MS / 1_000} s; ask for less time.`;

/** Why something could not be answered, for whoever asked: nothing of the inside. */
export function reasonOf(error: FlxError): string {
  if (error instanceof Refusal || TOLD.has(error.code)) return error.message;
  return "The store cannot answer now.";
}

/** Errors whose message is for whoever asked. */
const TOLD: ReadonlySet<string> = new Set([
  "FLX_STORE_QUESTION",
  "FLX_STORE_ANSWER",
  "FLX_STORE_BUSY",
  "FLX_STORE_ABORTED",
]);

/** A line for an empty section: what is not there, and what brings it. */
export function nothing(text: Shown): Html {
  return html`<p class="note">${text}</p>`;
}
