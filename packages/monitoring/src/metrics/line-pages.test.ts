import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatNumber } from "@flx/model/write";
import { LinePages } from "./line-pages.ts";
import { Misuse } from "./misuse.ts";
import { SeriesStore } from "./series-store.ts";

/** A store of one label and its pages, wired as a metric does it. */
function setting() {
  const store = new SeriesStore({
    name: "m",
    help: "h",
    type: "gauge",
    labelNames: ["a"],
    misuse: new Misuse("throw"),
    stride: 1,
  });
  const prefix = (row: number) => `m{a="${store.table.valuesOf(row)[0]!}"} `;
  const pages = new LinePages({
    cells: store.cells,
    get rows() {
      return store.table.rows;
    },
    isUsed: (row) => store.isUsed(row),
    prefix,
  });
  store.onRow = (row) => {
    pages.retitle(row);
  };
  return { store, pages, prefix };
}

type Setting = ReturnType<typeof setting>;

function rendered({ pages }: Setting): string {
  let text = "";
  for (let page = 0; page < pages.length; page++)
    text += Buffer.from(pages.render(page)).toString();
  return text;
}

/** The same from nothing. */
function naive({ store, prefix }: Setting): string {
  let text = "";
  for (let row = 0; row < store.table.rows; row++) {
    if (store.isUsed(row)) text += `${prefix(row)}${formatNumber(store.cells.get(row))}\n`;
  }
  return text;
}

const values = [0, 1, 9, 10, 99, 100, 1e9, 1e15, 0.5, -3, Number.NaN, Infinity, -Infinity];
const labelTexts = ["", "x", "é", "日本語", "\u{1F600}", "a\\nb", "7 ", 'q"', "y".repeat(300)];

type Command = { kind: "set" | "add" | "remove" | "reset" | "scrape"; a: number; value: number };

function apply(at: Setting, { kind, a, value }: Command): void {
  const labels = { a: `${labelTexts[a % labelTexts.length]!}${Math.floor(a / labelTexts.length)}` };
  switch (kind) {
    case "set":
      at.store.cells.set(at.store.row(labels), value);
      return;
    case "add": {
      const row = at.store.row(labels);
      at.store.cells.set(row, at.store.cells.get(row) + 1);
      return;
    }
    case "remove":
      at.store.remove([labels]);
      return;
    case "reset":
      at.store.reset();
      return;
    case "scrape":
      assert.equal(rendered(at), naive(at));
      return;
    default:
      kind satisfies never;
  }
}

function commands(most: number): fc.Arbitrary<Command[]> {
  const kind = fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom("set" as const, "add" as const) },
    { weight: 10, arbitrary: fc.constant("remove" as const) },
    { weight: 8, arbitrary: fc.constant("scrape" as const) },
    { weight: 1, arbitrary: fc.constant("reset" as const) },
  );
  const command = fc.record({ kind, a: fc.nat(most), value: fc.constantFrom(...values) });
  return fc.array(command, { maxLength: 120 });
}

test("LinePages.render() gives what a fresh rendering would, whatever happened before", () => {
  fc.assert(
    fc.property(commands(40), (sequence) => {
      const at = setting();
      for (const command of sequence) apply(at, command);
      assert.equal(rendered(at), naive(at));
    }),
    { numRuns: 200 },
  );
});

test("LinePages.render() does so with several pages and chunks of cells", () => {
  fc.assert(
    fc.property(commands(1_500), commands(1_500), (first, second) => {
      const at = setting();
      for (let a = 0; a < 1_200; a++) apply(at, { kind: "set", a, value: a });
      for (const command of first) if (command.kind !== "scrape") apply(at, command);
      assert.equal(rendered(at), naive(at));
      for (const command of second) if (command.kind !== "scrape") apply(at, command);
      assert.equal(rendered(at), naive(at));
    }),
    { numRuns: 6 },
  );
});

test("LinePages.render() overwrites numbers of the same width in place", () => {
  const at = setting();
  apply(at, { kind: "set", a: 3, value: 10 });
  apply(at, { kind: "set", a: 4, value: 20 });
  const before = at.pages.render(0);
  apply(at, { kind: "set", a: 3, value: 99 });
  assert.equal(at.pages.render(0), before);
  assert.equal(Buffer.from(before).toString(), naive(at));
  apply(at, { kind: "set", a: 3, value: 100 });
  assert.notEqual(at.pages.render(0), before);
  assert.equal(rendered(at), naive(at));
});
