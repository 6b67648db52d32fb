import assert from "node:assert/strict";
import { test } from "node:test";
import { WaitingRoom } from "./waiting-room.ts";

function room(places: number) {
  const said: string[] = [];
  const made = new WaitingRoom<string>(places, 10, {
    pair: (caller, called) => void said.push(`${caller}-${called}`),
    alone: (guest, side) => void said.push(`${side} ${guest}`),
  });
  const heard = (): string[] => said.splice(0);
  return { made, heard };
}

test("WaitingRoom pairs both sides, whoever comes first", () => {
  const { made, heard } = room(10);
  made.enter("k", "caller", "a", 0);
  assert.ok(made.waits("k", "caller"));
  made.enter("k", "called", "b", 1);
  assert.deepEqual(heard(), ["a-b"]);
  made.enter("k", "called", "c", 2);
  made.enter("k", "called", "d", 3);
  assert.equal(made.guests, 2);
  made.enter("k", "caller", "a", 4);
  assert.deepEqual(heard(), ["a-c", "a-d"]);
  assert.equal(made.guests, 0);
});

test("WaitingRoom lets those leave alone whose time is over, and the oldest when it is full", () => {
  const { made, heard } = room(3);
  for (const [at, key] of ["a", "b", "c"].entries()) made.enter(key, "caller", key, at);
  made.expire(9);
  assert.deepEqual(heard(), []);
  made.expire(10);
  assert.deepEqual(heard(), ["caller a"]);
  made.enter("d", "called", "d", 10);
  made.enter("e", "called", "e", 10);
  assert.deepEqual(heard(), ["caller b"]);
  assert.deepEqual([made.guests, made.early], [3, 1]);
  made.enter("c", "called", "late enough", 11);
  assert.deepEqual(heard(), ["c-late enough"]);
  made.expire(Infinity);
  assert.deepEqual(heard(), ["called d", "called e"]);
  assert.equal(made.guests, 0);
});
