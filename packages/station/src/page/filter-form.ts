// The form above a list: what is looked for, in the address.

import { html, type Html } from "./html.ts";

/** One thing to filter by. */
export interface Filter {
  /** Its name in the address. */
  readonly name: string;
  readonly label: string;
  readonly value: string | undefined;
  /** Words to choose from; none: anything may be written. */
  readonly choices?: readonly (readonly [value: string, text: string])[];
  /** Values that the browser offers. */
  readonly offers?: readonly string[];
  readonly placeholder?: string;
}

/**
 * The form.
 *
 * @param keep parameters that stay as they are
 */
export function filterForm(
  path: string,
  filters: readonly Filter[],
  keep: Readonly<Record<string, string | undefined>>,
): Html {
  return html`<form class="filters" action="${path}" method="get" role="search">
    ${filters.map(field)}
    ${Object.entries(keep).map(
      ([name, value]) =>
        value !== undefined && html`<input type="hidden" name="${name}" value="${value}" />`,
    )}
    <button>Show</button>
  </form>`;
}

function field({ name, label, value, choices, offers, placeholder }: Filter): Html {
  const id = `filter-${name}`;
  if (choices !== undefined) {
    return html`<label for="${id}"
      ><span>${label}</span>
      <select id="${id}" name="${name}">
        ${choices.map(([choice, text]) =>
          choice === (value ?? "")
            ? html`<option value="${choice}" selected>${text}</option>`
            : html`<option value="${choice}">${text}</option>`,
        )}
      </select>
    </label>`;
  }
  return html`<label for="${id}"
    ><span>${label}</span>
    <input
      id="${id}"
      name="${name}"
      value="${value ?? ""}"
      placeholder="${placeholder ?? ""}"
      ${offers !== undefined && html`list="${id}-list"`}
      autocomplete="off"
      spellcheck="false"
    />
    ${
      offers !== undefined &&
      html`<datalist id="${id}-list">
        ${offers.map((offer) => html`<option value="${offer}"></option>`)}
      </datalist>`
    }
  </label>`;
}
