import assert from "node:assert/strict";
import { test } from "node:test";
import { boundedOccurrence, ErrorGroups } from "./error-groups.ts";
import type { ErrorAction, ErrorOccurrence } from "./error-store.ts";

const FINGERPRINT = "00000000000000aa";

function occurrence(over: Partial<ErrorOccurrence> = {}): ErrorOccurrence {
  return {
    fingerprint: FINGERPRINT,
    id: undefined,
    timeMs: 1_000,
    service: "orders",
    release: "1.0",
    environment: "production",
    type: "TypeError",
    message: "no",
    stack: "",
    frames: [
      {
        function: "dispatch",
        file: "node_modules/x.js",
        line: 1,
        column: 1,
        isOwn: false,
        locals: [],
      },
      { function: "place", file: "src/orders.ts", line: 7, column: 3, isOwn: true, locals: [] },
    ],
    traceId: "",
    spanId: "",
    isFatal: false,
    fields: [],
    ...over,
  };
}

/** Groups that something was done to, in order. */
function after(...steps: (Partial<ErrorOccurrence> | (Partial<ErrorAction> & { at: number }))[]) {
  const groups = new ErrorGroups();
  for (const [i, step] of steps.entries()) {
    if ("at" in step) {
      const { at, ...given } = step;
      const action: ErrorAction = { action: "resolve", by: "ann", note: "", release: "", ...given };
      groups.apply(i + 1, { kind: "action", fingerprint: FINGERPRINT, action, timeMs: at });
    } else groups.apply(i + 1, { kind: "occurrence", occurrence: occurrence(step) });
  }
  return groups;
}

test("ErrorGroups counts, and knows first, last, services, releases and the own frame", () => {
  const group = after(
    { timeMs: 2_000 },
    { timeMs: 1_000, release: "0.9", service: "payments" },
    { timeMs: 3_000, message: "still no" },
  ).get(FINGERPRINT)!;
  assert.equal(group.count, 3);
  assert.deepEqual([group.firstSeenMs, group.lastSeenMs], [1_000, 3_000]);
  assert.equal(group.message, "still no");
  assert.equal(group.culprit, "place (src/orders.ts:7)");
  assert.equal(group.firstRelease, "0.9");
  assert.deepEqual(
    group.services.map(({ name, count }) => [name, count]),
    [
      ["orders", 2],
      ["payments", 1],
    ],
  );
  assert.deepEqual(
    group.examples.map(({ timeMs }) => timeMs),
    [3_000, 2_000, 1_000],
  );
});

test("ErrorGroups brings back what was resolved, and leaves alone what is ignored", () => {
  const f = (steps: Parameters<typeof after>, want: string, changes: string) => {
    const group = after(...steps).get(FINGERPRINT)!;
    const state = `${group.state}${group.isRegressed ? ` again in ${group.regressedIn}` : ""}`;
    assert.equal(state, want);
    assert.equal(group.history.map(({ change }) => change).join(" "), changes);
  };

  f([{}], "open", "new");
  f([{}, { at: 2_000 }], "resolved", "new resolved");
  f([{}, { at: 2_000 }, { timeMs: 1_999 }], "resolved", "new resolved");
  f([{}, { at: 2_000 }, { timeMs: 3_000 }], "open again in 1.0", "new resolved regressed");
  // Old instances still run: the release that had it before says nothing about the one with the fix.
  f([{}, { at: 2_000, release: "1.1" }, { timeMs: 3_000 }], "resolved", "new resolved");
  f(
    [{}, { at: 2_000, release: "1.1" }, { timeMs: 3_000, release: "1.1" }],
    "open again in 1.1",
    "new resolved regressed",
  );
  f(
    [{}, { at: 2_000, release: "1.1" }, { timeMs: 3_000, release: "1.2" }],
    "open again in 1.2",
    "new resolved regressed",
  );
  f([{}, { at: 2_000, action: "ignore" }, { timeMs: 3_000 }], "ignored", "new ignored");
  f(
    [{}, { at: 2_000, action: "ignore" }, { at: 3_000, action: "reopen" }],
    "open",
    "new ignored reopened",
  );
  f([{}, { at: 2_000 }, { at: 3_000 }], "resolved", "new resolved");
});

test("ErrorGroups counts an occurrence once by its id, and an entry once by its number", () => {
  const groups = after({ id: "a" }, { id: "a" }, { id: "b" });
  assert.equal(groups.get(FINGERPRINT)!.count, 2);
  groups.apply(3, { kind: "occurrence", occurrence: occurrence() });
  assert.equal(groups.get(FINGERPRINT)!.count, 2);
  groups.apply(4, { kind: "occurrence", occurrence: occurrence() });
  assert.equal(groups.get(FINGERPRINT)!.count, 3);
});

test("ErrorGroups keeps of an occurrence that comes twice what says more, in whichever order", () => {
  const [first, ...others] = occurrence().frames;
  const frames = [{ ...first!, locals: [{ name: "order", value: "7" }] }, ...others];
  const f = (...steps: Partial<ErrorOccurrence>[]) => {
    const { count, examples } = after(...steps).get(FINGERPRINT)!;
    assert.equal(count, steps.length - 1);
    const twice = examples.filter(({ id }) => id === "a");
    assert.deepEqual(
      twice.map((example) => example.frames[0]!.locals),
      [[{ name: "order", value: "7" }]],
    );
  };

  f({ id: "a" }, { id: "a", frames });
  f({ id: "a", frames }, { id: "a" });
  f({ id: "x" }, { id: "y" }, { id: "z" }, { id: "a" }, { id: "b" }, { id: "a", frames });
});

test("ErrorGroups counts repeats, once by their id, and nothing else of a group changes", () => {
  const repeats = (id: string, timeMs: number, count: number, fingerprint = FINGERPRINT) => ({
    kind: "repeats" as const,
    repeats: {
      fingerprint,
      id,
      timeMs,
      service: "orders",
      release: "1.0",
      type: "Other",
      repeats: count,
    },
  });
  const groups = after({ timeMs: 2_000 }, { at: 2_500 });
  groups.apply(3, repeats("a", 3_000, 40));
  groups.apply(3, repeats("b", 3_000, 1));
  groups.apply(4, repeats("a", 3_000, 40));
  const group = groups.get(FINGERPRINT)!;
  assert.equal(group.count, 41);
  assert.deepEqual([group.state, group.type, group.message], ["resolved", "TypeError", "no"]);
  assert.deepEqual([group.firstSeenMs, group.lastSeenMs], [2_000, 3_000]);
  assert.equal(group.services[0]!.count, 41);
  assert.equal(group.releases[0]!.count, 41);
  assert.equal(group.examples.length, 1);
  // Before any occurrence, which then says what it is.
  const other = "f".repeat(16);
  groups.apply(5, repeats("c", 9_000, 5, other));
  assert.deepEqual([groups.get(other)!.count, groups.get(other)!.type], [5, "Other"]);
  groups.apply(6, {
    kind: "occurrence",
    occurrence: occurrence({ fingerprint: other, timeMs: 8_000 }),
  });
  assert.deepEqual([groups.get(other)!.count, groups.get(other)!.message], [6, "no"]);
});

test("ErrorGroups is bounded: groups, names, examples, texts", () => {
  const groups = new ErrorGroups(3);
  let number = 0;
  const add = (over: Partial<ErrorOccurrence>) =>
    groups.apply(++number, {
      kind: "occurrence",
      occurrence: boundedOccurrence(occurrence(over)),
    });
  for (let i = 0; i < 5; i++) add({ fingerprint: String(i).padStart(16, "0"), timeMs: i });
  assert.equal(groups.size, 3);
  assert.equal(groups.forgotten, 2);
  assert.equal(groups.get("0".repeat(16)), undefined);

  for (let i = 0; i < 200; i++) {
    add({
      timeMs: 10 + i,
      service: `s${i}`,
      release: `r${i}`,
      message: "x".repeat(1e5),
      stack: "y".repeat(1e6),
    });
  }
  const group = groups.get(FINGERPRINT)!;
  assert.equal(group.count, 200);
  assert.equal(group.services.length, 50);
  assert.equal(group.services[0]!.name, "s199");
  assert.equal(group.examples.length, 7);
  assert.ok(JSON.stringify(group).length < 120_000);
});

test("ErrorGroups lists by state, service, release, text and time, in order", () => {
  const groups = new ErrorGroups();
  const add = (n: number, over: Partial<ErrorOccurrence>) =>
    groups.apply(n, {
      kind: "occurrence",
      occurrence: occurrence({ fingerprint: String(n % 3).padStart(16, "0"), ...over }),
    });
  add(1, { timeMs: 5, message: "first", service: "a" });
  add(2, { timeMs: 6, message: "second", release: "2.0" });
  add(3, { timeMs: 4, message: "Third" });
  add(6, { timeMs: 7, message: "Third" });
  const f = (over: object, want: string) => {
    const { items } = groups.list({ order: "lastSeen", limit: 10, ...over });
    assert.equal(items.map(({ message }) => message).join(" "), want);
  };

  f({}, "Third second first");
  f({ order: "firstSeen" }, "second first Third");
  f({ order: "count" }, "Third first second");
  f({ text: "tHIRD" }, "Third");
  f({ text: "place (src" }, "Third second first");
  f({ service: "a" }, "first");
  f({ release: "2.0" }, "second");
  f({ sinceMs: 6 }, "Third second");
  f({ state: "resolved" }, "");
  f({ limit: 1 }, "Third");
});
