// A report as a page of its own: no script, no font, nothing fetched. One constant style sheet, whose hash the content
// security policy names, so that nothing else could be shown or run even if something got into the page.
//
// Frames are <details>: the first own one of an error and of each of its causes is open. A page without a script cannot
// scroll by itself, so a long failing line begins before what failed. All that comes from the error is escaped.

import type { CodeFrame, CodeLine } from "../report/code-frame.ts";
import type {
  ErrorReport,
  FrameEntry,
  FullReport,
  ReportField,
  ReportFrame,
} from "../report/report.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { safeText } from "./safe-text.ts";
import { foldedText } from "./terminal.ts";

/** The policy a page is to be served with: its own style, and nothing else. */
export function htmlSecurityPolicy(): string {
  const { createHash } = process.getBuiltinModule("node:crypto");
  policy ??= `default-src 'none'; style-src 'sha256-${createHash("sha256").update(PAGE_STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return policy;
}

const CAUSED_BY = "caused by";
/** Characters of a failing line before what failed, when there are more than LONG. */
const BEFORE = 40;
const LONG = 90;

let policy: string | undefined;

/** The report as a whole page. */
export function renderHtml(report: FullReport): string {
  const title = `${report.type}: ${report.message.split("\n")[0]!.slice(0, 100)}`;
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">`,
    `<title>${escaped(title)}</title><style>${PAGE_STYLE}</style></head><body><main>`,
    errorHtml(report, undefined, true),
    crumbsHtml(report),
    idsHtml(report),
    `</main></body></html>\n`,
  ].join("");
}

function errorHtml(report: ErrorReport, relation: string | undefined, isFirst: boolean): string {
  const { type, message, code, notes, help, docs, properties, frames, isRepeated } = report;
  const heading = isFirst ? "h1" : "h2";
  const parts = [
    `<section class="error">`,
    relation === undefined ? "" : `<p class="relation">${escaped(relation)}</p>`,
    `<header><${heading}>${escaped(type)}${report.isError ? "" : " was thrown"}</${heading}>`,
    code === undefined ? "" : `<code class="code">${escaped(code)}</code>`,
    `<p class="message">${escaped(message)}</p></header>`,
    isRepeated ? `<p class="dim">It stands above already.</p>` : "",
    fieldsHtml(properties),
    ...notes.map((note) => saidHtml("note", escaped(note))),
    help === undefined ? "" : saidHtml("help", escaped(help)),
    docs === undefined ? "" : saidHtml("docs", linkHtml(docs)),
    framesHtml(frames, isFirst || relation === CAUSED_BY),
    ...report.errors.map((each, i) =>
      errorHtml(each, `${i + 1} of ${report.errors.length + report.moreErrors}`, false),
    ),
    report.moreErrors > 0 ? `<p class="dim">${report.moreErrors} more errors</p>` : "",
    report.cause === undefined ? "" : errorHtml(report.cause, CAUSED_BY, false),
    `</section>`,
  ];
  return parts.join("");
}

function saidHtml(what: string, html: string): string {
  return `<p class="said"><b>${what}</b> ${html}</p>`;
}

/** Only addresses of the web are links: what stands in an error may be anything. */
function linkHtml(url: string): string {
  const text = escaped(url);
  return /^https?:\/\/[^\s]+$/.test(url)
    ? `<a href="${text}" rel="noreferrer noopener">${text}</a>`
    : text;
}

function framesHtml(entries: readonly FrameEntry[], opensFirst: boolean): string {
  if (entries.length === 0) return "";
  let isOpen = opensFirst;
  const items = entries.map((entry) => {
    if (entry.kind === "folded") {
      return `<li class="folded">${escaped(foldedText(entry.count, entry.reason))}</li>`;
    }
    const html = frameHtml(entry, isOpen);
    if (entry.code !== undefined) isOpen = false;
    return `<li>${html}</li>`;
  });
  return `<ol class="frames">${items.join("")}</ol>`;
}

/** Frames that were written before. */
const bodies = new WeakMap<ReportFrame, string>();

function frameHtml(frame: ReportFrame, isOpen: boolean): string {
  let body = bodies.get(frame);
  if (body === undefined) {
    body = frameBody(frame);
    bodies.set(frame, body);
  }
  if (frame.code === undefined && frame.locals === undefined) {
    return `<div class="frame">${body}</div>`;
  }
  return `<details${isOpen ? " open" : ""}>${body}</details>`;
}

function frameBody(frame: ReportFrame): string {
  const words = `${frame.isAsync ? "async " : ""}${frame.isConstructor ? "new " : ""}`;
  const name = `${words}${frame.functionName ?? "<anonymous>"}`;
  const place = frame.line === undefined ? "" : `:${frame.line}:${frame.column ?? 1}`;
  const head = `<span class="function">${escaped(name)}</span> <span class="place">${escaped((frame.file ?? "native") + place)}</span>`;
  if (frame.code === undefined && frame.locals === undefined) return head;
  const code = frame.code === undefined ? "" : codeHtml(frame.code);
  return `<summary>${head}</summary>${code}${fieldsHtml(frame.locals ?? [])}`;
}

function codeHtml({ lines, line, mark }: CodeFrame): string {
  const rows = lines.map((each) => {
    const isFailing = each.number === line;
    const text = isFailing ? markedHtml(each, mark.start, mark.end) : lineHtml(each);
    return `<span class="line${isFailing ? " failing" : ""}"><i>${each.number}</i>${text}\n</span>`;
  });
  return `<pre tabindex="0">${rows.join("")}</pre>`;
}

function lineHtml({ tokens }: CodeLine): string {
  return tokens.map(({ kind, text }) => tokenHtml(kind, text)).join("");
}

function tokenHtml(kind: string, text: string): string {
  return kind === "plain" ? escaped(text) : `<span class="${kind}">${escaped(text)}</span>`;
}

/** The line, with the failing expression in a <mark>. */
function markedHtml({ tokens }: CodeLine, start: number, end: number): string {
  const skipped = start > LONG ? start - BEFORE : 0;
  let before = skipped > 0 ? "…" : "";
  let marked = "";
  let after = "";
  let at = 0;
  for (const { kind, text } of tokens) {
    const from = Math.min(Math.max(start - at, 0), text.length);
    const to = Math.min(Math.max(end - at, 0), text.length);
    const seen = Math.max(0, skipped - at);
    if (from > seen) before += tokenHtml(kind, text.slice(seen, from));
    if (to > from) marked += tokenHtml(kind, text.slice(from, to));
    if (to < text.length) after += tokenHtml(kind, text.slice(Math.max(from, to)));
    at += text.length;
  }
  return `${before}<mark>${marked}</mark>${after}`;
}

function fieldsHtml(fields: readonly ReportField[]): string {
  if (fields.length === 0) return "";
  const rows = fields.map(
    ({ name, value }) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`,
  );
  return `<dl>${rows.join("")}</dl>`;
}

function crumbsHtml({ breadcrumbs }: FullReport): string {
  if (breadcrumbs.length === 0) return "";
  const items = breadcrumbs.map(
    ({ message, fields }) => `<li>${escaped(message)}${fieldsHtml(fields)}</li>`,
  );
  return `<section class="crumbs"><h2>While</h2><ol>${items.join("")}</ol></section>`;
}

function idsHtml({ errorId, fingerprint, traceId, timeMs }: FullReport): string {
  const trace = traceId === undefined ? "" : ` · trace ${escaped(traceId)}`;
  return `<footer>error ${escaped(errorId)} · group ${escaped(fingerprint)}${trace} · ${new Date(timeMs).toISOString()}</footer>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return safeText(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
