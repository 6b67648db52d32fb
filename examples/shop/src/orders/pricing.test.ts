import assert from "node:assert/strict";
import { test } from "node:test";
import { marketOf } from "./markets.ts";
import { priceOrder } from "./pricing.ts";
import { priceWithReducedTax } from "./reduced-tax.ts";

const product = (sku: string, category: string, euroMinor: number) => ({
  sku,
  category,
  euroMinor,
  title: sku,
  stock: 9,
});
const tea = product("tea-sencha-100", "tea", 1190);
const pot = product("pot-kyusu-360", "ceramics", 5900);

test("priceOrder() gives local prices and the tax in them", () => {
  const f = (country: string, totalMinor: number, taxMinor: number) => {
    const priced = priceOrder([{ product: tea, quantity: 2 }], marketOf(country));
    assert.deepEqual([priced.totalMinor, priced.taxMinor], [totalMinor, taxMinor]);
  };

  f("DE", 2380, 380);
  f("GB", 2050, 342);
  f("US", 2620, 171);
  f("DK", 17_750, 3550);
  assert.throws(() => marketOf("XX"), { code: "unknown_country" });
});

test("priceWithReducedTax() taxes tea less than pots", () => {
  const wanted = [
    { product: tea, quantity: 1 },
    { product: pot, quantity: 1 },
  ];
  assert.equal(priceWithReducedTax(wanted, marketOf("DE")).taxMinor, 78 + 942);
});

test("priceWithReducedTax() has the bug of bad-deploy: tea to Denmark and the US throws, pots do not", () => {
  for (const country of ["DK", "US"]) {
    assert.throws(
      () => priceWithReducedTax([{ product: tea, quantity: 1 }], marketOf(country)),
      TypeError,
    );
    priceWithReducedTax([{ product: pot, quantity: 1 }], marketOf(country));
  }
});
