import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FlxError } from "@flx/model/write";
import { Registry } from "../registry.ts";
import { minorUnitsOf } from "./currency.ts";
import { MoneyCounter, MoneyGauge } from "./money.ts";

async function lines(registry: Registry): Promise<string[]> {
  const text = await registry.metrics({ names: ["m"] });
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

const about = { name: "m", help: "m" };

test("minorUnitsOf() knows the currencies of ISO 4217", () => {
  const f = (code: unknown, want: number | undefined) => assert.equal(minorUnitsOf(code), want);

  f("EUR", 100);
  f("DKK", 100);
  f("ZWG", 100);
  f("JPY", 1);
  f("BIF", 1);
  f("KWD", 1000);
  f("IQD", 1000);
  f("CLF", 10_000);
  f("eur", undefined);
  f("DEM", undefined);
  f("XXX", undefined);
  f("", undefined);
  f(undefined, undefined);
});

test("MoneyCounter.add() takes minor units and exposes major units", async () => {
  const registry = new Registry();
  const revenue = new MoneyCounter({ ...about, labelNames: ["shop"], registers: [registry] });
  const f = (currency: string, minorUnits: number) => {
    const labels = { shop: "a", currency };
    revenue.add(labels, minorUnits);
  };
  f("EUR", 1999);
  f("EUR", 1);
  f("JPY", 1999);
  f("KWD", 1999);
  assert.deepEqual(await lines(registry), [
    'm{shop="a",currency="EUR"} 20',
    'm{shop="a",currency="JPY"} 1999',
    'm{shop="a",currency="KWD"} 1.999',
  ]);
});

test("sums of money do not drift, whatever is added", async () => {
  const registry = new Registry();
  const counter = new MoneyCounter({ ...about, registers: [registry] });
  for (let i = 0; i < 10_000; i++) counter.add({ currency: "EUR" }, 10); // 0.1 each
  assert.deepEqual(await lines(registry), ['m{currency="EUR"} 1000']);

  const amounts = fc.array(fc.integer({ min: 0, max: 2 ** 44 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      amounts,
      fc.constantFrom("EUR", "JPY", "KWD", "UYW"),
      async (list, currency) => {
        const own = new Registry();
        const metric = new MoneyCounter({ ...about, registers: [own] });
        for (const amount of list) metric.add({ currency }, amount);
        const sum = list.reduce((a, b) => a + b, 0) / minorUnitsOf(currency)!;
        const want = list.length === 0 ? [] : [`m{currency="${currency}"} ${sum}`];
        assert.deepEqual(await lines(own), want);
      },
    ),
    { numRuns: 30 },
  );
});

test("MoneyGauge.set() and add() go up and down", async () => {
  const registry = new Registry();
  const open = new MoneyGauge({ ...about, registers: [registry] });
  open.set({ currency: "EUR" }, -1999);
  open.add({ currency: "EUR" }, 2500);
  open.add({ currency: "EUR" }, -2);
  assert.equal(open.name, "m");
  assert.deepEqual(await lines(registry), ['m{currency="EUR"} 4.99']);
});

test("amounts and currencies that are none are refused in development, and do nothing in production", async () => {
  const add = (registry: Registry, currency: unknown, amount: unknown) => {
    const metric = new MoneyCounter({ ...about, registers: [registry] });
    metric.add({ currency: currency as string }, amount as number);
  };
  const f = (code: string, currency: unknown, amount: unknown) => {
    const refused = (error: unknown) => error instanceof FlxError && error.code === code;
    assert.throws(() => add(new Registry({ misuse: "throw" }), currency, amount), refused);
  };
  f("FLX_MONEY_AMOUNT", "EUR", 19.99);
  f("FLX_MONEY_AMOUNT", "EUR", -1);
  f("FLX_MONEY_AMOUNT", "EUR", Number.NaN);
  f("FLX_MONEY_AMOUNT", "EUR", 2 ** 53);
  f("FLX_MONEY_AMOUNT", "EUR", "1999");
  f("FLX_MONEY_AMOUNT", "EUR", undefined);
  f("FLX_MONEY_CURRENCY", "eur", 1);
  f("FLX_MONEY_CURRENCY", "EURO", 1);
  f("FLX_MONEY_CURRENCY", undefined, 1);

  const counting = new Registry({ misuse: "count" });
  add(counting, "EURO", 1);
  add(counting, "EUR", 0.5);
  new MoneyGauge({ ...about, name: "g", registers: [counting] }).set({ currency: "?" }, 1);
  assert.deepEqual(await lines(counting), []);
  assert.deepEqual(
    [...counting.misuse.counts],
    [
      ["FLX_MONEY_CURRENCY", 2],
      ["FLX_MONEY_AMOUNT", 1],
    ],
  );
});

test("currencies beyond the cardinality limit meet in the overflow series, each in its own unit", async () => {
  const registry = new Registry();
  const metric = new MoneyCounter({ ...about, maxSeries: 1, registers: [registry] });
  metric.add({ currency: "EUR" }, 100);
  metric.add({ currency: "USD" }, 250);
  metric.add({ currency: "JPY" }, 7);
  assert.deepEqual(await lines(registry), [
    'm{currency="EUR"} 1',
    'm{currency="__overflow__"} 9.5',
  ]);
});

test("sums go on exactly after a reset", async () => {
  const registry = new Registry();
  const metric = new MoneyCounter({ ...about, registers: [registry] });
  metric.add({ currency: "EUR" }, 12_345);
  registry.resetMetrics();
  metric.add({ currency: "EUR" }, 30);
  metric.add({ currency: "DKK" }, 30);
  metric.remove({ currency: "DKK" });
  assert.deepEqual(await lines(registry), ['m{currency="EUR"} 0.3']);
  metric.reset();
  assert.deepEqual(await lines(registry), []);
});
