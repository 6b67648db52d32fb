import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate } from "./gate.ts";

function deferred(): { promise: Promise<void>; resolve: () => void } {
  return Promise.withResolvers<void>();
}

test("Gate lets so many in, the others in order, and refuses when the line is full", async () => {
  const gate = new Gate(2, 2);
  const order: number[] = [];
  const locks = Array.from({ length: 4 }, deferred);
  const runs = locks.map(({ promise }, i) =>
    gate.run(async () => {
      order.push(i);
      await promise;
    }),
  );
  await Promise.resolve();
  assert.deepEqual([gate.running, gate.waiting], [2, 2]);
  await assert.rejects(
    gate.run(() => Promise.resolve()),
    { code: "FLX_QUERY_BUSY" },
  );
  locks[1]!.resolve();
  await runs[1];
  locks[0]!.resolve();
  await runs[0];
  locks[2]!.resolve();
  locks[3]!.resolve();
  await Promise.all(runs);
  assert.deepEqual(order, [0, 1, 2, 3]);
  assert.deepEqual([gate.running, gate.waiting], [0, 0]);
});

test("Gate lets go whoever no longer waits, and who fails", async () => {
  const gate = new Gate(1, 5);
  const lock = deferred();
  const first = gate.run(() => lock.promise);
  const gone = new AbortController();
  const waiting = gate.run(() => Promise.resolve(), gone.signal);
  const next = gate.run(() => Promise.reject(new Error("failed")));
  gone.abort();
  await assert.rejects(waiting, { code: "FLX_QUERY_WAIT" });
  lock.resolve();
  await first;
  await assert.rejects(next, /failed/);
  assert.equal(await gate.run(() => Promise.resolve(7)), 7);
  await assert.rejects(
    gate.run(() => Promise.resolve(), AbortSignal.abort()),
    { code: "FLX_QUERY_WAIT" },
  );
});
