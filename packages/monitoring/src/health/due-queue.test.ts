import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DueEntry, dueEntry, DueQueue } from "./due-queue.ts";

test("DueQueue has the earliest first, whatever is put, moved and removed", () => {
  const steps = fc.array(
    fc.record({ entry: fc.nat(15), atMs: fc.integer({ min: 0, max: 50 }), remove: fc.boolean() }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const entries = Array.from({ length: 16 }, () => dueEntry(() => {}));
      const queue = new DueQueue();
      const naive = new Set<DueEntry>();
      for (const { entry: i, atMs, remove } of all) {
        const entry = entries[i]!;
        if (remove) {
          queue.remove(entry);
          naive.delete(entry);
        } else {
          queue.put(entry, atMs);
          naive.add(entry);
        }
        assert.equal(queue.size, naive.size);
        const earliest = Math.min(...[...naive].map((each) => each.atMs));
        assert.equal(queue.first()?.atMs ?? Infinity, earliest);
      }
      const out: number[] = [];
      for (let first = queue.first(); first !== undefined; first = queue.first()) {
        out.push(first.atMs);
        queue.remove(first);
      }
      assert.deepEqual(
        out,
        out.toSorted((a, b) => a - b),
      );
      assert.ok(entries.every((entry) => entry.place === -1));
    }),
  );
});
