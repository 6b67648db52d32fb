// What the harness itself and the smallest operations cost here: no other benchmark can be faster. When these
// (The two counter cases are there to be seen in company of each other: rounds.ts.) When these
// figures are strange (an empty loop of 5 ns, garbage where there is none), do not believe the others.

import client from "@prometheus-io/client";
import promClient from "prom-client";
import { contender, suite, type Suite } from "../harness/suite.ts";

const labels = Array.from({ length: 10 }, (_, i) => ({ method: `m${i}` }));
const names = Array.from({ length: 1000 }, (_, i) => `series_${i}`);

export const floor: Suite = suite("floor", {
  title: "Harness floor",
  cases: [
    {
      name: "empty loop",
      kind: "loop",
      contenders: [
        contender({ name: "ours", setup: () => 0, op: (_, i) => i, check: () => "nothing" }),
      ],
      budgets: [{ atMost: 3 }, { garbageAtMost: 0 }],
    },
    {
      name: "Float64Array[i] += 1, 1000 cells",
      kind: "loop",
      contenders: [
        contender({
          name: "ours",
          setup: () => new Float64Array(1000),
          op: (cells, i) => {
            const at = i % 1000;
            cells[at] = (cells[at] ?? 0) + 1;
          },
          check: (cells) => [...cells.subarray(0, 5)],
        }),
      ],
      budgets: [{ garbageAtMost: 0 }],
    },
    {
      name: "Map.get, 1000 string keys",
      kind: "loop",
      contenders: [
        contender({
          name: "ours",
          setup: () => ({ names, map: new Map(names.map((name, i) => [name, i])) }),
          op: (state, i) => state.map.get(state.names[i % 1000] ?? "") ?? 0,
          check: ({ map }) => map.get("series_999"),
        }),
        contender({
          name: "object[key]",
          setup: () => ({
            names,
            table: Object.fromEntries(names.map((name, i) => [name, i])) as Record<string, number>,
          }),
          op: (state, i) => state.table[state.names[i % 1000] ?? ""] ?? 0,
          check: ({ table }) => table["series_999"],
        }),
      ],
    },
    {
      name: "an object of two fields, allocated",
      kind: "loop",
      contenders: [
        contender({
          name: "ours",
          setup: () => 0,
          op: (_, i) => ({ i, next: i + 1 }),
          check: () => "nothing",
        }),
      ],
    },
    {
      name: "await of a settled promise",
      kind: "loop",
      async: true,
      contenders: [
        contender({
          name: "ours",
          setup: () => Promise.resolve(1),
          op: (settled) => settled,
          check: (settled) => settled,
        }),
      ],
    },
    {
      name: "counter.inc() without labels",
      kind: "loop",
      contenders: [
        contender({
          name: "ours",
          setup: () => ({ value: 0 }),
          op: (counter) => {
            counter.value += 1;
          },
          check: ({ value }) => value,
        }),
        contender({
          name: "prom-client",
          package: "prom-client",
          setup: (copy) => new promClient.Counter({ name: `c${copy}`, help: "c", registers: [] }),
          op: (counter) => counter.inc(),
          check: async (counter) => (await counter.get()).values[0]?.value,
        }),
        contender({
          name: "@prometheus-io/client",
          package: "@prometheus-io/client",
          setup: (copy) => new client.Counter({ name: `c${copy}`, help: "c", registers: [] }),
          op: (counter) => counter.inc(),
          check: async (counter) => (await counter.get()).values[0]?.value,
        }),
      ],
    },
    {
      name: "counter.inc({ method }), 10 label sets",
      kind: "loop",
      contenders: [
        contender({
          name: "ours",
          setup: () => ({ labels, cells: new Map<string, { value: number }>() }),
          op: ({ labels: sets, cells }, i) => {
            const method = sets[i % 10]?.method ?? "";
            const cell = cells.get(method);
            if (cell === undefined) cells.set(method, { value: 1 });
            else cell.value += 1;
          },
          check: ({ cells }) => [...cells].map(([method, { value }]) => [method, value]),
        }),
        contender({
          name: "prom-client",
          package: "prom-client",
          setup: (copy) => ({
            labels,
            counter: new promClient.Counter({
              name: `l${copy}`,
              help: "l",
              registers: [],
              labelNames: ["method"],
            }),
          }),
          op: ({ labels: sets, counter }, i) => counter.inc(sets[i % 10] ?? {}),
          check: async ({ counter }) =>
            (await counter.get()).values.map((each) => [each.labels["method"], each.value]),
        }),
        contender({
          name: "@prometheus-io/client",
          package: "@prometheus-io/client",
          setup: (copy) => ({
            labels,
            counter: new client.Counter({
              name: `l${copy}`,
              help: "l",
              registers: [],
              labelNames: ["method"],
            }),
          }),
          op: ({ labels: sets, counter }, i) => counter.inc(sets[i % 10] ?? {}),
          check: async ({ counter }) =>
            (await counter.get()).values.map((each) => [each.labels["method"], each.value]),
        }),
      ],
    },
    {
      name: "sort 100,000 numbers",
      kind: "long",
      contenders: [
        contender({
          name: "ours",
          setup: () => new Float64Array(100_000),
          before: (numbers) => {
            for (let i = 0; i < numbers.length; i++) numbers[i] = (i * 7919) % 100_003;
          },
          // Sorting in place is what is measured.
          // oxlint-disable-next-line unicorn/no-array-sort
          op: (numbers) => numbers.sort(),
          check: (numbers) => [numbers[0], numbers.at(-1)],
        }),
      ],
    },
    {
      name: "array of numbers, 8 bytes each",
      kind: "memory",
      count: 1_000_000,
      contenders: [
        {
          name: "ours",
          build: (count) => new Float64Array(count),
          check: (built) => built instanceof Float64Array && built.length,
        },
        {
          name: "Map of numbers",
          build: (count) => new Map(Array.from({ length: count }, (_, i) => [i, i])),
          check: (built) => built instanceof Map && built.size,
        },
      ],
      budgets: [{ atMost: 8.1 }],
    },
  ],
});
