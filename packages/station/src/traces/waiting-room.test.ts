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
  made.enter(1, "caller", "a", 0);
  assert.ok(made.waits(1, "caller"));
  made.enter(1, "called", "b", 1);
  assert.deepEqual(heard(), ["a-b"]);
  made.enter(1, "called", "c", 2);
  made.enter(1, "called", "d", 3);
  assert.equal(made.guests, 2);
  made.enter(1, "caller", "a", 4);
  assert.deepEqual(heard(), ["a-c", "a-d"]);
  assert.equal(made.guests, 0);
});

test("WaitingRoom lets those leave alone whose time is over, and the oldest when it is full", () => {
  const { made, heard } = room(3);
  for (const [at, name] of ["a", "b", "c"].entries()) made.enter(at, "caller", name, at);
  made.expire(9);
  assert.deepEqual(heard(), []);
  made.expire(10);
  assert.deepEqual(heard(), ["caller a"]);
  made.enter(3, "called", "d", 10);
  made.enter(4, "called", "e", 10);
  assert.deepEqual(heard(), ["caller b"]);
  assert.deepEqual([made.guests, made.early], [3, 1]);
  made.enter(2, "called", "late enough", 11);
  assert.deepEqual(heard(), ["c-late enough"]);
  made.expire(Infinity);
  assert.deepEqual(heard(), ["called d", "called e"]);
  assert.equal(made.guests, 0);
});
