// The shop's faults as a developer sees them: in the terminal of `npm start`, each error once, with its code and its cause.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { waitUntil } from "@flx/testkit";
import { openShop, type OpenShop } from "./open-shop.ts";

/** Some CI shows colours without a terminal. */
const PLAIN = { NO_COLOR: "1" };
const patience = { timeoutMs: 60_000, everyMs: 200 };

/** What the terminal shows of the reports of a process, without the prefix. */
function reports(shop: OpenShop, name: string): string {
  const lines = shop.process.log().split("\n");
  const prefix = `${name} │ `;
  return lines
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length))
    .join("\n");
}

function seen(shop: OpenShop, name: string, pattern: RegExp): Promise<boolean> {
  return waitUntil(() => pattern.test(reports(shop, name)), {
    ...patience,
    what: `${String(pattern)} of ${name} in\n${reports(shop, name)}`,
  });
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

test("bad-deploy: the failing line is shown, once, and the orders that fail are counted", async () => {
  await using shop = await openShop({ env: PLAIN });
  await shop.switchFault("bad-deploy", true);
  const danish = { country: "DK", sku: "tea-sencha-100" };
  await waitUntil(async () => (await shop.place(danish)).status === 500, patience);
  for (let i = 0; i < 3; i++) assert.equal((await shop.place(danish)).status, 500);
  await seen(shop, "orders", /group [0-9a-f]{16}/);

  const text = reports(shop, "orders");
  assert.equal(
    count(text, /TypeError: Cannot read properties of undefined \(reading 'food'\)/g),
    1,
    text,
  );
  assert.match(text, /at taxRate {2}\S*reduced-tax\.ts:\d+:\d+\n/);
  assert.match(text, /❯ +\d+ │ .*return reduced\.food;\n +│ +\^+\n/);
  assert.match(text, /frames? of /);
  assert.ok(!text.includes("\u001b"), "no colours where there is no terminal");
  // A line each, and the error is no error of the gateway, which passes it on.
  assert.equal(count(shop.process.log(), / ERROR orders failed /g) >= 4, true);
  assert.match(
    shop.process.log(),
    / ERROR gateway request failed .*because="13 INTERNAL: internal error"/,
  );
  assert.equal(reports(shop, "gateway"), "");

  // Stopping tells how many there were.
  await shop.switchFault("bad-deploy", false);
  await seen(shop, "orders", /TypeError again: \d+ more of group [0-9a-f]{16} were not written/);
});

test("poisoned-order: the cause is shown with its own line", async () => {
  await using shop = await openShop({ env: PLAIN });
  await shop.switchFault("poisoned-order", true);
  await waitUntil(async () => {
    const { stdout, stderr: shown } = await shop.command("run", "nightly-import");
    if (!stdout.includes("failed")) return false;
    const stderr = stripVTControlCharacters(shown);
    assert.match(stderr, /Error: 0000-poisoned\.ndjson, row 2: Invalid time value/);
    assert.match(stderr, /❯ +\d+ │ .*throw new Error\(`\$\{file\}, row/);
    assert.match(stderr, /caused by {2}RangeError: Invalid time value/);
    assert.match(stderr, /❯ +\d+ │ .*toISOString\(\)/);
    return true;
  }, patience);
});

test("crash-loop: each crash is told, its report once", async () => {
  await using shop = await openShop({ env: PLAIN });
  await shop.switchFault("crash-loop", true);
  await waitUntil(async () => (await shop.processStatus("payments")).restarts >= 3, patience);
  await seen(shop, "payments", /the same error again, 2 times: group [0-9a-f]{16}/);
  const text = reports(shop, "payments");
  assert.equal(count(text, /TypeError: Cannot read properties of undefined/g), 1, text);
  assert.match(text, /❯ +\d+ │ .*connection\.certificate!\.validUntil/);
  await shop.process.waitForLine(/payments crashed reason="exit code 1: TypeError: .*validUntil/);
  await shop.switchFault("crash-loop", false);
  // The file has all of them.
  const file = readFileSync(shop.folder.file("logs/payments.log"), "utf8");
  assert.ok(count(file, /TypeError: Cannot read properties of undefined/g) >= 3);
});

test("on a terminal the reports have its width and colours, the files have none", async () => {
  await using shop = await openShop({
    env: { SHOP_TERMINAL: "60", FORCE_COLOR: "1", NO_COLOR: "" },
  });
  await shop.switchFault("crash-loop", true);
  await seen(shop, "payments", /error [0-9a-f]{16}/);
  await shop.switchFault("crash-loop", false);
  const text = reports(shop, "payments");
  assert.ok(text.includes("\u001b["), text);
  const file = readFileSync(shop.folder.file("logs/payments.log"), "utf8");
  assert.equal(file, stripVTControlCharacters(file));
});
