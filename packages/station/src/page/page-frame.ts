// What every page has around it: head, navigation, what it is, and the headers it is sent with.
//
// No script, no style in attributes, nothing from elsewhere: the policy says so, and what should get into a page against
// all odds would not run. Everything is in the address; links and forms are all there is to work with.

import type { Answer } from "../api/http/answer.ts";
import { type Html, html } from "./html.ts";

/** A page without its frame. */
export interface Page {
  readonly title: string;
  /** The path in the navigation that it belongs to. */
  readonly at: string;
  readonly main: Html;
  /** Loaded again after so many seconds. */
  readonly refreshSeconds?: number | undefined;
  readonly status?: number;
}

const SECTIONS = [
  ["/", "Overview"],
  ["/query", "Query"],
  ["/traces", "Traces"],
  ["/errors", "Errors"],
  ["/logs", "Logs"],
] as const;

/** What the pages may do: be shown. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** A page as an answer. */
export function pageAnswer(page: Page, version: string): Answer {
  const headers: Record<string, string> = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": PAGE_POLICY,
  };
  if (page.refreshSeconds !== undefined) headers["refresh"] = String(page.refreshSeconds);
  return { status: page.status ?? 200, headers, body: framed(page, version).text };
}

function framed({ title, at, main }: Page, version: string): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · FLX station</title>
        <link rel="icon" href="/page/icon.svg" />
        <link rel="stylesheet" href="/page/page.css" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header class="top">
          <a class="brand" href="/">FLX <span>station</span></a>
          <nav aria-label="Pages">
            ${SECTIONS.map(([path, name]) =>
              path === at
                ? html`<a href="${path}" aria-current="page">${name}</a>`
                : html`<a href="${path}">${name}</a>`,
            )}
          </nav>
        </header>
        <main id="main">${main}</main>
        <footer class="foot">
          FLX station ${version} · the API has all of it: <code>/api/v1</code> · times are UTC
        </footer>
      </body>
    </html> `;
}

/** The icon: a pulse. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0a5bc4"/><path d="M2 9h3l2-5 3 8 2-3h2" fill="none" stroke="#fff" stroke-width="1.6" stroke-linejoin="round" stroke-linecap="round"/></svg>\n`;
