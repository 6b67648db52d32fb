// The built-in pages in a real browser: what hostile senders wrote does not run, the pages work by keyboard, without
// script, on narrow screens, in light and dark.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { requirePeer, waitUntil } from "@flx/testkit";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { StationProcess } from "../running-station.ts";
import { sendHostile, SHOWN, TRACE_ID } from "./hostile-signals.ts";

let station: StationProcess;
let browser: Browser | undefined;

before(async () => {
  station = await StationProcess.start();
  await sendHostile(station.otlpHttp);
  await waitUntil(async () => {
    const overview = await (await fetch(`${station.url}/`)).text();
    return !overview.includes("No open error groups");
  });
});

after(async () => {
  await browser?.close();
  await station[Symbol.asyncDispose]();
});

/** A page in a browser that tells of everything that is wrong with it. */
async function openPage(
  t: TestContext,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly troubles: string[] } | undefined> {
  const peer = requirePeer(t, "chromium");
  if (peer === undefined) return undefined;
  browser ??= await chromium.launch({
    executablePath: peer.path,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
    timeout: 120_000,
  });
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const troubles: string[] = [];
  page.on("console", (message) => troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("dialog", (dialog) => {
    troubles.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(station.url)) troubles.push(`asks ${request.url()}`);
  });
  t.after(() => context.close());
  return { page, troubles };
}

interface Look {
  readonly title: string;
  readonly text: string;
  /** Elements that pages never have. */
  readonly strange: number;
  /** Elements with an event handler or a style. */
  readonly handlers: number;
  /** Pixels. */
  readonly tooWide: number;
  readonly background: string;
  /** The text with the least contrast, and how much that is. */
  readonly faintest: readonly [ratio: number, element: string];
}

const lookAtPage = await readFile(join(import.meta.dirname, "look-at-page.js"), "utf8");

function lookAt(page: Page): Promise<Look> {
  return page.evaluate(lookAtPage);
}

const TRACE = `/traces/${TRACE_ID}?span=b7ad6b7169203331`;
const QUERY = `/query?query=${encodeURIComponent("hostile_total")}&range=5m`;

test("nothing that a sender wrote runs, loads or draws in a browser: it is text", async (t) => {
  const opened = await openPage(t);
  if (opened === undefined) return;
  const { page, troubles } = opened;
  const groups = (await (await fetch(`${station.url}/api/v1/errors`)).json()) as {
    data: { fingerprint: string }[];
  };
  const error = `/errors/${groups.data[0]!.fingerprint}`;
  for (const path of ["/", QUERY, TRACE, "/traces", "/errors", error, "/logs"]) {
    await page.goto(station.url + path);
    const found = await lookAt(page);
    assert.notEqual(found.title, "pwned", path);
    assert.ok(found.text.includes(SHOWN), `${path} does not show it`);
    assert.deepEqual([found.strange, found.handlers], [0, 0], path);
  }
  assert.deepEqual(troubles, []);
});

test("a question is asked with the keyboard alone, and answered with a chart and a table", async (t) => {
  const opened = await openPage(t, { javaScriptEnabled: false });
  if (opened === undefined) return;
  const { page, troubles } = opened;
  await page.goto(`${station.url}/`);
  await page.keyboard.press("Tab");
  assert.equal(await page.locator(":focus").textContent(), "Skip to content");
  // Past the navigation, the lengths of time and the button to the box.
  for (let i = 0; i < 30; i++) {
    if ((await page.locator(":focus").getAttribute("name")) === "query") break;
    await page.keyboard.press("Tab");
  }
  await page.keyboard.type("flx_process_uptime_seconds");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/query\?query=flx_process_uptime_seconds/);
  const box = await page.locator("svg.chart path.line").first().boundingBox();
  assert.ok(box !== null && box.y > 0, JSON.stringify(box));
  assert.equal(await page.locator("section[aria-label=Table] tbody tr").count(), 1);
  assert.equal(await page.locator("input[name=query]").inputValue(), "flx_process_uptime_seconds");
  await page.locator(".ranges a", { hasText: "1d" }).press("Enter");
  await page.waitForURL(/range=1d/);
  assert.deepEqual(troubles, []);
});

test("from a slow trace to its waterfall, a span, its logs and the error", async (t) => {
  const opened = await openPage(t, { javaScriptEnabled: false });
  if (opened === undefined) return;
  const { page, troubles } = opened;
  await page.goto(`${station.url}/`);
  await page.locator("#slow tbody a").first().click();
  await page.waitForURL(/\/traces\/0af7651916cd43dd8448eb211c80319c\?span=/);
  assert.equal(await page.locator(".waterfall rect").count(), 2);
  assert.ok((await page.locator("tr.detail dl dt").count()) >= 2);
  assert.equal(await page.locator("tr.detail .logs > li").count(), 2);
  await page.goto(`${station.url}/errors`);
  await page.locator(".errors a").first().click();
  await page.waitForURL(/\/errors\/[0-9a-f]{16}/);
  await page.getByText("its trace").click();
  await page.waitForURL(/\/traces\//);
  assert.deepEqual(troubles, []);
});

test("pages are as wide as the screen, and follow light and dark", async (t) => {
  const backgrounds: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    const opened = await openPage(t, { colorScheme, viewport: { width: 320, height: 640 } });
    if (opened === undefined) return;
    const { page } = opened;
    for (const path of ["/", QUERY, TRACE, "/traces", "/errors", "/logs"]) {
      await page.goto(station.url + path);
      const { tooWide, faintest } = await lookAt(page);
      assert.ok(tooWide <= 0, `${path} is ${tooWide} px wider than the screen`);
      assert.ok(faintest[0] >= 4.5, `${path} in ${colorScheme}: ${faintest.join(" ")}`);
    }
    backgrounds.push((await lookAt(page)).background);
  }
  assert.notEqual(backgrounds[0], backgrounds[1]);
});
