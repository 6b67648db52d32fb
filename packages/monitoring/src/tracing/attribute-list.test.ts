import assert from "node:assert/strict";
import { test } from "node:test";
import { AttributeList, attributeList } from "./attribute-list.ts";

const asObject = ({ keys, values }: AttributeList) =>
  Object.fromEntries(keys.map((key, i) => [key, values[i]]));

test("AttributeList.set() keeps the order, and a key that is set again keeps its place", () => {
  const list = new AttributeList();
  for (const [key, value] of [
    ["a", 1],
    ["b", 2],
    ["a", 3],
  ] as const)
    list.set(key, value, 10);
  assert.deepEqual([list.keys, list.values, list.dropped], [["a", "b"], [3, 2], 0]);
  assert.equal(list.get("a"), 3);
  assert.equal(list.get("c"), undefined);
});

test("AttributeList.set() counts what is over the limit; what is there can still change", () => {
  const list = new AttributeList();
  for (const key of ["a", "b", "c", "d"]) list.set(key, 1, 2);
  list.set("a", 2, 2);
  assert.deepEqual([asObject(list), list.dropped], [{ a: 2, b: 1 }, 2]);
});

test("AttributeList.set() leaves out what is no attribute", () => {
  const list = new AttributeList();
  for (const value of [undefined, null]) list.set("a", value, 10);
  for (const key of ["", undefined, 7, {}]) list.set(key as string, 1, 10);
  assert.deepEqual([asObject(list), list.dropped], [{}, 0]);
  list.set("k".repeat(2000), 1, 10);
  assert.equal(list.dropped, 1);
});

test("AttributeList.set() copies lists, so that later changes change nothing", () => {
  const list = new AttributeList();
  const given = [1, 2];
  list.set("a", given, 10);
  given.push(3);
  assert.deepEqual(list.get("a"), [1, 2]);
  list.set("long", Array.from({ length: 100_000 }), 10);
  assert.equal((list.get("long") as unknown[]).length, 65_536);
});

test("AttributeList.setAll() takes own properties, and survives those that throw", () => {
  const hostile = {
    good: 1,
    get bad(): number {
      throw new Error("no");
    },
    after: 2,
  };
  const list = new AttributeList();
  list.setAll(Object.setPrototypeOf(hostile, { inherited: 3 }) as object, 10);
  assert.deepEqual([asObject(list), list.dropped], [{ good: 1, after: 2 }, 1]);

  const proxy = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no");
      },
    },
  );
  list.setAll(proxy, 10);
  assert.equal(list.dropped, 2);
  const array = new Proxy([1], {
    get: () => {
      throw new Error("no");
    },
  });
  list.set("array", array, 10);
  assert.equal(list.get("array"), "[unreadable]");
});

test("attributeList() is undefined when there is nothing to keep", () => {
  assert.equal(attributeList(undefined, 10), undefined);
  assert.equal(attributeList(null, 10), undefined);
  assert.equal(attributeList({}, 10), undefined);
  assert.equal(attributeList({ a: 1 }, 0)?.dropped, 1);
  assert.deepEqual(attributeList({ a: 1 }, 10)?.keys, ["a"]);
});
