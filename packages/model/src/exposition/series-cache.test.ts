import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SeriesCache } from "./series-cache.ts";

test("SeriesCache finds what a map finds, in any order of scrapes", () => {
  const scrape = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(scrape, { maxLength: 6 }), (scrapes) => {
      const cache = new SeriesCache<string>();
      let model = new Set<string>();
      for (const texts of scrapes) {
        cache.start();
        const seen = new Set<string>();
        for (const text of texts) {
          assert.equal(cache.find(text), model.has(text) || seen.has(text) ? text : undefined);
          if (!model.has(text) && !seen.has(text)) cache.add(text, text);
          seen.add(text);
        }
        const unseen = [...model].filter((text) => !seen.has(text)).toSorted();
        assert.deepEqual(cache.takeUnseen().toSorted(), unseen);
        assert.equal(cache.size, seen.size);
        model = seen;
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});
