import assert from "node:assert/strict";
import { test } from "node:test";
import { type Exemplar, Labels, type UnixMs } from "@flx/model";
import { compareExemplars, ExemplarRing } from "./exemplar-ring.ts";

const exemplar = (timestampMs: number, value: number, trace = "a"): Exemplar => ({
  labels: Labels.from({ trace_id: trace }),
  value,
  timestampMs: timestampMs as UnixMs,
});

test("ExemplarRing keeps the newest of all series", () => {
  const ring = new ExemplarRing(3);
  for (let i = 0; i < 5; i++) ring.add(i % 2, exemplar(i, i));
  assert.deepEqual(
    [...ring.all()].map(({ ref, exemplar: { value } }) => [ref, value]),
    [
      [0, 2],
      [1, 3],
      [0, 4],
    ],
  );
});

test("ExemplarRing keeps what is sent again once, several of a series at one time included", () => {
  const ring = new ExemplarRing(100);
  const request = [
    exemplar(2, 1),
    exemplar(1, 5),
    exemplar(2, 1, "b"),
    exemplar(2, 0.5),
    exemplar(1, Number.NaN),
  ].toSorted(compareExemplars);
  for (let time = 0; time < 3; time++) for (const each of request) ring.add(7, each);
  assert.deepEqual(
    [...ring.all()].map((kept) => kept.exemplar),
    request,
  );
  ring.forget(() => true);
  ring.add(7, exemplar(1, 1));
  assert.equal([...ring.all()].length, 1, "what is forgotten counts no more");
});
