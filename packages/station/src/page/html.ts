// HTML whose every value is escaped: a template that only lets through what was made by it.
//
//   html`<td title="${name}">${name}</td>`       strings are escaped, cut, and shown without what steers text
//   html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`      Html and lists of it are put in as they are
//
// So a page cannot forget to escape: there is no other way to make Html than the template, whose own text is ours.
// Values stand between tags or in double quotes, never in a tag's name, an unquoted attribute, a script or a style.

/** A piece of a page. */
export class Html {
  /** Text as a browser takes it. */
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** The template; use `html`. */
  static of(this: void, strings: TemplateStringsArray, ...values: readonly Shown[]): Html {
    let text = strings[0]!;
    for (const [i, value] of values.entries()) text += rendered(value) + strings[i + 1]!;
    return new Html(text);
  }
}

/** What a template takes: nothing is shown of `undefined` and `false`. */
export type Shown = Html | string | number | false | undefined | readonly Shown[];

/** Makes HTML. */
export const html: typeof Html.of = Html.of;

/** Characters of one value: a page shows where something is, the API has all of it. */
const MAX_VALUE = 4_000;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters, and those that turn the direction of what follows. */
const STEERING = /(?![\n\t])\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

function rendered(value: Shown): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return escaped(value);
  return value.map(rendered).join("");
}

function escaped(text: string): string {
  const cut = text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
  return cut
    .toWellFormed()
    .replaceAll(STEERING, "\ufffd")
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}
