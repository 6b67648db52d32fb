import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { seededRandom } from "../random.ts";
import { marketplaceFile } from "./marketplace-file.ts";
import { checkLine, type MarketplaceOrder } from "./marketplace-order.ts";
import { transform } from "./transform.ts";

const good: MarketplaceOrder = {
  ref: "MKT-A-1",
  placedAt: "2026-01-05T10:12:00Z",
  customer: { name: "Noor Bakker", email: "noor@example.net" },
  country: "DE",
  currency: "EUR",
  items: [{ sku: "tea-sencha-100", quantity: 2, price: 11.9 }],
};

test("checkLine() says what is wrong with a line", () => {
  const f = (change: object | string, want: string | undefined) => {
    const line = typeof change === "string" ? change : JSON.stringify({ ...good, ...change });
    const checked = checkLine(line);
    assert.equal(checked.kind === "rejected" ? checked.reason : undefined, want);
  };

  f({}, undefined);
  f('{"ref":', "not a JSON object");
  f("[]", "not a JSON object");
  f({ ref: undefined }, '"ref" is missing');
  f({ placedAt: "yesterday" }, '"placedAt" is "yesterday"');
  f({ customer: null }, '"customer.name" is missing');
  f({ country: "XX" }, 'we do not sell to "XX"');
  f({ currency: "JPY" }, '"currency" is "JPY", not EUR');
  f({ items: [] }, '"items" is empty');
  f({ items: [null] }, "there is no product missing");
  f({ items: [{ ...good.items[0], sku: "tea-gone" }] }, 'there is no product "tea-gone"');
  f({ items: [{ ...good.items[0], quantity: 1.5 }] }, '"quantity" is 1.5');
  f({ items: [{ ...good.items[0], price: -1 }] }, '"price" is -1');
});

test("transform() gives our ids, minor units and the tax in the price", () => {
  const { id, totalMinor, taxMinor, lines } = transform(good);
  assert.deepEqual(
    { id, totalMinor, taxMinor, unit: lines[0]?.unitPriceMinor },
    { id: "mkt_20260105_A-1", totalMinor: 2380, taxMinor: 380, unit: 1190 },
  );
});

test("transform() throws for a day that does not exist, which checkLine() lets through", () => {
  const poisoned = { ...good, placedAt: "2026-02-29T25:00:00Z" };
  assert.equal(checkLine(JSON.stringify(poisoned)).kind, "order");
  assert.throws(() => transform(poisoned), RangeError);
});

test("data/marketplace-sample.ndjson is marketplaceFile() of seed 1", () => {
  const sample = readFileSync(
    new URL("../../data/marketplace-sample.ndjson", import.meta.url),
    "utf8",
  );
  assert.equal(
    marketplaceFile(seededRandom(1), "SAMPLE", Date.parse("2026-01-05T23:59:59Z"), 250),
    sample,
  );
});
