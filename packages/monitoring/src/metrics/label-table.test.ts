import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LabelTable, NO_ROW, type LabelInput } from "./label-table.ts";

const names = ["method", "path"];

/** The row of a label set, made if need be, as a metric does it. */
function rowOf(table: LabelTable, labels: LabelInput): number {
  const found = table.find(labels);
  if (found !== NO_ROW) return found;
  const values = table.values(labels);
  assert.ok(Array.isArray(values), JSON.stringify(values));
  return table.add(values as string[]);
}

const hostileValue = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "|",
    "a|b",
    ",",
    '"',
    "\n",
    "\0",
    "\ud800",
    "\udc00",
    "\ufffd",
    "\ufffdd800",
    "1",
  ),
  fc.string({ unit: "binary", maxLength: 3 }),
  fc.integer({ min: 0, max: 3 }),
);

test("LabelTable.find() gives each label set its own row, whatever its values hold", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(hostileValue, hostileValue), { maxLength: 40 }), (sets) => {
      const table = new LabelTable(names);
      const rows = new Map<string, number>();
      for (const [method, path] of sets) {
        const key = JSON.stringify([String(method), String(path)]);
        const row = rowOf(table, { method, path });
        assert.equal(row, rows.get(key) ?? row);
        rows.set(key, row);
      }
      assert.equal(new Set(rows.values()).size, rows.size);
      assert.equal(table.size, rows.size);
      for (const [key, row] of rows) assert.equal(JSON.stringify(table.valuesOf(row)), key);
    }),
    { numRuns: 300 },
  );
});

test("LabelTable.find() does not depend on the order of labels, nor on number or text", () => {
  const table = new LabelTable(names);
  const row = rowOf(table, { method: "GET", path: "200" });
  const f = (labels: LabelInput, want: number) => assert.equal(table.find(labels), want);

  f({ path: "200", method: "GET" }, row);
  f({ method: "GET", path: 200 }, row);
  f({ path: 200, method: "GET" }, row);
  f({ method: "GET", path: 201 }, NO_ROW);
  f({ method: "GET" }, NO_ROW);
  f({ method: "GET", path: "200", extra: "1" }, NO_ROW);
  f({ extra: "1", method: "GET", path: "200" }, NO_ROW);
  f({ path: "200", methods: "GET" }, NO_ROW);
  f(Object.create({ method: "GET", path: "200" }) as LabelInput, row); // inherited in order: the engine lists them too
  assert.equal(table.findValues(["GET", 200]), row);
  assert.equal(table.findValues(["GET"]), NO_ROW);
});

test("LabelTable.values() says what is wrong with labels", () => {
  const table = new LabelTable(names);
  const f = (labels: LabelInput, want: unknown) => assert.deepEqual(table.values(labels), want);

  f({ path: "/", method: "GET" }, ["GET", "/"]);
  f({ method: true, path: 10n }, ["true", "10"]);
  f({ method: "GET" }, { kind: "missing", name: "path" });
  f({ method: "GET", path: undefined }, { kind: "missing", name: "path" });
  f({ method: "GET", path: null }, { kind: "value", name: "path" });
  f({ method: "GET", path: { toString: () => 'x"} 1\ny{' } }, { kind: "value", name: "path" });
  f({ method: "GET", path: "/", user: "1" }, { kind: "unknown", name: "user" });
});

test("LabelTable keeps nothing of the caller's object", () => {
  const table = new LabelTable(names);
  const labels = { method: "GET", path: "/a" };
  const first = rowOf(table, labels);
  labels.path = "/b";
  const second = rowOf(table, labels);
  assert.notEqual(first, second);
  assert.deepEqual(table.valuesOf(first), ["GET", "/a"]);
  assert.deepEqual(table.valuesOf(second), ["GET", "/b"]);
});

test("LabelTable behaves as a Map would through any sequence of adding and removing", () => {
  const command = fc.record({ remove: fc.boolean(), a: fc.nat(6), b: fc.nat(6) });
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
      const table = new LabelTable(names);
      const model = new Map<string, number>();
      for (const { remove, a, b } of commands) {
        const labels = { method: `m${a}`, path: `p${b}` };
        const key = JSON.stringify(labels);
        const row = table.find(labels);
        assert.equal(row, model.get(key) ?? NO_ROW);
        if (remove && row !== NO_ROW) {
          table.remove(row);
          model.delete(key);
        } else if (!remove && row === NO_ROW) {
          const added = rowOf(table, labels);
          assert.ok(![...model.values()].includes(added));
          model.set(key, added);
        }
      }
      assert.equal(table.size, model.size);
      assert.ok(table.rows <= 49);
    }),
    { numRuns: 100 },
  );
});

test("LabelTable without labels has one row", () => {
  const table = new LabelTable([]);
  assert.equal(table.find({}), NO_ROW);
  const row = table.add([]);
  assert.equal(table.find({}), row);
  table.clear();
  assert.equal(table.find({}), NO_ROW);
});
