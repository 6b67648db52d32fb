import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeResource, MessageWriter } from "@flx/model/write";
import fc from "fast-check";
import { Batcher, prepareScope } from "./batcher.ts";
import { messageFields } from "./message-fields.ts";

const scopes = new Map([1, 2, 3].map((id) => [id, prepareScope({ name: `scope ${id}` })]));
const resource = encodeResource({ service: "test" });

function batcher(limits: { maxRecords?: number; maxBytes?: number } = {}): Batcher {
  const batch = {
    delayMs: 0,
    maxRecords: 1_000,
    maxBytes: 1_000_000,
    maxQueuedBytes: 1,
    ...limits,
  };
  return new Batcher(resource, "https://schema", batch, scopes);
}

/** A record as a batch holds it: field 2 of its scope. */
function record(text: string): Uint8Array {
  const out = new MessageWriter(16);
  const bytes = new TextEncoder().encode(text);
  out.raw(Uint8Array.of((2 << 3) | 2, bytes.length));
  out.raw(bytes);
  return out.bytes.slice(0, out.at);
}

/** Scope by scope, the texts of a request. */
function textsOf(body: Uint8Array): [string, string[]][] {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const inner = messageFields(messageFields(body)[0]!.bytes);
  return inner
    .filter(({ field }) => field === 2)
    .map(({ bytes }) => {
      const fields = messageFields(bytes);
      const scope = fields.find(({ field }) => field === 1)!.bytes;
      const name = text(messageFields(scope).find(({ field }) => field === 1)?.bytes ?? scope);
      return [name, fields.filter(({ field }) => field === 2).map((each) => text(each.bytes))];
    });
}

test("Batcher puts records under their scopes, in order", () => {
  const one = batcher();
  one.add(1, record("a"));
  one.add(2, record("b"));
  one.add(1, record("c"));
  one.add(9, record("of a scope that nobody has told"));
  const [batch, ...more] = one.cut();
  assert.equal(more.length, 0);
  assert.equal(batch!.records, 4);
  assert.deepEqual(textsOf(batch!.body), [
    ["scope 1", ["a", "c"]],
    ["scope 2", ["b"]],
    ["", ["of a scope that nobody has told"]],
  ]);
  assert.deepEqual(one.cut(), []);
});

test("Batcher loses nothing and doubles nothing, and keeps to its limits", () => {
  const add = fc.record({ scope: fc.integer({ min: 1, max: 3 }), length: fc.nat(100) });
  const limits = fc.record({ maxRecords: fc.integer({ min: 1, max: 10 }), maxBytes: fc.nat(300) });
  fc.assert(
    fc.property(fc.array(add, { maxLength: 60 }), limits, (added, { maxRecords, maxBytes }) => {
      const one = batcher({ maxRecords, maxBytes });
      for (const [i, { scope, length }] of added.entries()) {
        one.add(scope, record(`${i} ${"x".repeat(length)}`));
      }
      const numbers: number[] = [];
      for (const { body, records } of one.cut()) {
        const texts = textsOf(body).flatMap(([, all]) => all);
        assert.equal(texts.length, records);
        assert.ok(records <= maxRecords);
        const bytes = texts.reduce((sum, text) => sum + text.length + 2, 0);
        assert.ok(records === 1 || bytes <= maxBytes, `${bytes} of ${maxBytes} bytes`);
        numbers.push(...texts.map((text) => Number.parseInt(text, 10)));
      }
      assert.deepEqual(
        numbers.toSorted((a, b) => a - b),
        added.map((_, i) => i),
      );
    }),
  );
});

test("Batcher uses the memory of a body again only after its release", () => {
  const release = fc.array(fc.boolean(), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(release, (releases) => {
      const one = batcher();
      const kept: (readonly [string, Uint8Array])[] = [];
      for (const [i, isReleased] of releases.entries()) {
        const text = `${i} ${"x".repeat(i * 5)}`;
        one.add(1, record(text));
        const [batch] = one.cut();
        if (isReleased) batch!.release?.();
        else kept.push([text, batch!.body]);
        // Once is enough.
        if (isReleased) batch!.release?.();
      }
      for (const [text, body] of kept) assert.deepEqual(textsOf(body), [["scope 1", [text]]]);
    }),
  );
  const one = batcher();
  const bodies = Array.from({ length: 5 }, () => {
    one.add(1, record("a"));
    const [batch] = one.cut();
    batch!.release?.();
    return batch!.body.buffer;
  });
  assert.equal(new Set(bodies).size, 1);
});
