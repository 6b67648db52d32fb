import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedWork } from "./shared-work.ts";

/** Work that ends when told to, or with its signal. */
function work() {
  const starts: { signal: AbortSignal; finish: (text: string) => void }[] = [];
  const start = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      starts.push({ signal, finish: resolve });
    });
  return { starts, start };
}

test("SharedWork does equal work once, other work on its own, and finished work again", async () => {
  const shared = new SharedWork<string>();
  const { starts, start } = work();
  const first = shared.join("a", undefined, start);
  const second = shared.join("a", new AbortController().signal, start);
  const other = shared.join("b", undefined, start);
  assert.equal(starts.length, 2);
  starts[0]?.finish("done");
  starts[1]?.finish("other");
  assert.deepEqual(await Promise.all([first, second, other]), ["done", "done", "other"]);
  const again = shared.join("a", undefined, start);
  assert.equal(starts.length, 3);
  starts[2]?.finish("again");
  assert.equal(await again, "again");
});

test("SharedWork stops when the last one leaves, and starts anew for who comes then", async () => {
  const shared = new SharedWork<string>();
  const { starts, start } = work();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = shared.join("a", one.signal, start);
  const second = shared.join("a", two.signal, start);
  one.abort(new Error("gone"));
  await assert.rejects(first, /gone/);
  assert.equal(starts[0]?.signal.aborted, false);
  two.abort(new Error("gone too"));
  const third = shared.join("a", undefined, start);
  await assert.rejects(second, /gone too/);
  assert.equal(starts[0]?.signal.aborted, true);
  starts[1]?.finish("fresh");
  assert.equal(await third, "fresh");
});

test("SharedWork gives everybody the failure", async () => {
  const shared = new SharedWork<string>();
  const start = () => Promise.reject(new Error("broken"));
  await assert.rejects(shared.join("a", undefined, start), /broken/);
  const gone = AbortSignal.abort(new Error("never came"));
  await assert.rejects(shared.join("a", gone, start), /never came/);
});
