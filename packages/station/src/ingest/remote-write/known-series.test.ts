import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabelSource } from "@flx/model";
import fc from "fast-check";
import { KnownSeries } from "./known-series.ts";

/** Series whose identities are texts; every hash is a number of `hashes` values. */
function texts(all: readonly string[], hashes = 0x1_0000_0000): LabelSource {
  const bytes = all.map((text) => Buffer.from(text));
  return {
    hash: (series) =>
      (bytes[series]!.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193), 17) % hashes) | 0,
    identity: (series) => Uint8Array.from(bytes[series]!),
    same: (series, { buffer }, from, to) =>
      bytes[series]!.equals(new Uint8Array(buffer, from, to - from)),
    labels: () => assert.fail("nothing is decoded"),
  };
}

test("KnownSeries finds what was added, in any order, and nothing else", () => {
  const series = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 600 });
  fc.assert(
    fc.property(
      series,
      fc.integer({ min: 1, max: 40 }),
      fc.infiniteStream(fc.nat()),
      (all, some, order) => {
        // Half of them are added.
        const source = texts(all, all.length % 2 === 0 ? some : undefined);
        const known = new KnownSeries();
        const refs = new Map<number, number>();
        for (let i = 0; i < all.length; i += 2) {
          assert.equal(known.find(source, i), undefined);
          known.add(source, i, 1_000 + i);
          if (known.size > refs.size) refs.set(i, 1_000 + i);
        }
        for (let i = 0; i < all.length; i++) assert.equal(known.find(source, i), refs.get(i));
        for (const place of [...order.take(100)].map((n) => n % Math.max(1, all.length))) {
          if (place < all.length) assert.equal(known.find(source, place), refs.get(place));
        }
        known.clear();
        assert.equal(known.size, 0);
        if (all.length > 0) assert.equal(known.find(source, 0), undefined);
      },
    ),
  );
});

test("KnownSeries does not remember more than some series of one hash", () => {
  const all = Array.from({ length: 5_000 }, (_, i) => `series ${i}`);
  const source = texts(all, 1);
  const known = new KnownSeries();
  for (const i of all.keys()) known.add(source, i, i);
  assert.ok(known.size >= 1 && known.size <= 64, `${known.size}`);
  assert.equal(known.find(source, 0), 0);
  assert.equal(known.find(source, 4_999), undefined);
});

test("KnownSeries keeps series of the usual sort, all of them", () => {
  const all = Array.from(
    { length: 50_000 },
    (_, i) => `http_requests_total host-${i % 500} /p/${i}`,
  );
  const source = texts(all);
  const known = new KnownSeries();
  for (const i of all.keys()) known.add(source, i, i);
  assert.equal(known.size, all.length);
  for (const i of all.keys()) assert.equal(known.find(source, i), i);
});
