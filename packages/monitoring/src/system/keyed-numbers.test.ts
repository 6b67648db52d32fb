import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyedNumbers } from "./keyed-numbers.ts";

const encode = (text: string) => new TextEncoder().encode(text);

test("KeyedNumbers.read() finds keys in any order, with and without a colon", () => {
  const numbers = new KeyedNumbers(["usage_usec", "MemTotal", "nr"]);
  const f = (text: string, found: number, usage?: number, total?: number, nr?: number) => {
    assert.equal(numbers.read(encode(text)), found);
    const got = [numbers.get("usage_usec"), numbers.get("MemTotal"), numbers.get("nr")];
    assert.deepEqual(got, [usage, total, nr]);
  };

  f("usage_usec 5\nMemTotal:    12 kB\nnr 0\n", 3, 5, 12, 0);
  f("nr 1\nother 2\nusage_usec 3", 2, 3, undefined, 1);
  f("nr 1\nnr 2\n", 2, undefined, undefined, 2);
  f("nr\nnrx 1\n nr 2\nusage_usec x\n", 0);
  f("", 0);
});

test("KeyedNumbers keeps a key and a longer one apart", () => {
  const numbers = new KeyedNumbers(["Swap", "SwapFree"]);
  numbers.read(encode("SwapFree: 2 kB\nSwapCached: 3 kB\nSwap: 1 kB\n"));
  assert.deepEqual([numbers.get("Swap"), numbers.get("SwapFree")], [1, 2]);
});

test("KeyedNumbers.scaled() multiplies what is there", () => {
  const numbers = new KeyedNumbers(["a", "b"]);
  numbers.read(encode("a: 2 kB\n"));
  assert.deepEqual([numbers.scaled("a", 1024), numbers.scaled("b", 1024)], [2048, undefined]);
});
