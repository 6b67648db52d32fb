import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RowSet } from "./row-set.ts";

test("RowSet behaves as a Set of numbers", () => {
  const command = fc.record({ add: fc.boolean(), row: fc.nat(200) });
  fc.assert(
    fc.property(fc.array(command), (commands) => {
      const rows = new RowSet();
      const model = new Set<number>();
      for (const { add, row } of commands) {
        if (add) {
          rows.add(row);
          model.add(row);
        } else {
          rows.delete(row);
          model.delete(row);
        }
      }
      assert.equal(rows.size, model.size);
      for (let row = 0; row <= 260; row++) assert.equal(rows.has(row), model.has(row));
    }),
    { numRuns: 100 },
  );
});
