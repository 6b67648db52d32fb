import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FlxError } from "../errors.ts";
import { checkRecords } from "./check-records.ts";
import { otlpFromJson } from "./from-json.ts";
import { MessageWriter } from "./message-writer.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function traces(spans: readonly object[]): Uint8Array {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
  const request = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "s" }, spans }] }] };
  return otlpFromJson("traces", new TextEncoder().encode(JSON.stringify(request)));
}

const good = (name: string) => ({ traceId: TRACE, spanId: SPAN, name });

test("checkRecords() gives a good request back as it is, with how many records it has", () => {
  const request = traces([good("a"), good("b")]);
  const checked = checkRecords("traces", request);
  assert.equal(checked.request, request);
  assert.deepEqual([checked.records, checked.rejected, checked.reason], [2, 0, ""]);
  assert.equal(checkRecords("traces", new Uint8Array(0)).records, 0);
  const logRecords = [{ body: { stringValue: "x" } }, {}];
  const logs = { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
  const text = new TextEncoder().encode(JSON.stringify(logs));
  assert.equal(checkRecords("logs", otlpFromJson("logs", text)).records, 2);
});

test("checkRecords() leaves out spans without ids, and keeps everything else", () => {
  const bad = [
    { ...good("no trace"), traceId: "" },
    { ...good("zero trace"), traceId: "0".repeat(32) },
    { ...good("short trace"), traceId: TRACE.slice(2) },
    { ...good("no span"), spanId: "" },
    { ...good("zero span"), spanId: "0".repeat(16) },
  ];
  const checked = checkRecords("traces", traces([good("a"), ...bad, good("b")]));
  assert.deepEqual([checked.records, checked.rejected], [2, bad.length]);
  assert.match(checked.reason, /trace_id is not 16 bytes/);
  assert.deepEqual(Buffer.from(checked.request), Buffer.from(traces([good("a"), good("b")])));
  assert.match(checkRecords("traces", traces([bad[3]!])).reason, /span_id is not 8 bytes/);
});

test("checkRecords() refuses what is broken, wherever it is", () => {
  const attributes = [{ key: "k", value: { arrayValue: { values: [{ stringValue: "v" }] } } }];
  const events = [{ timeUnixNano: "1", name: "e", attributes }];
  const request = traces([{ ...good("a"), attributes, events, status: { message: "m" } }]);
  for (let length = 1; length < request.length; length++) {
    assert.throws(() => checkRecords("traces", request.subarray(0, length)), {
      code: "FLX_WIRE_MALFORMED",
    });
  }
  const text = Buffer.from(request);
  text[text.indexOf("shop")] = 0xff;
  assert.throws(() => checkRecords("traces", text), { code: /FLX_WIRE/ });
});

test("checkRecords() bounds depth and the number of records", () => {
  let value: object = { stringValue: "x" };
  for (let i = 0; i < 200; i++) value = { arrayValue: { values: [value] } };
  const out = new MessageWriter();
  const open: number[] = [];
  for (const tag of [0x0a, 0x12, 0x12, 0x4a, 0x12]) open.push(out.begin(tag));
  for (let i = 0; i < 200; i++) open.push(out.begin(0x2a), out.begin(0x0a));
  while (open.length > 0) out.end(open.pop()!);
  assert.throws(() => checkRecords("traces", out.take()), { code: /FLX_WIRE/ });
  const three = traces([good("a"), good("b"), good("c")]);
  assert.throws(() => checkRecords("traces", three, { maxRecords: 2 }), { code: "FLX_OTLP_LIMIT" });
});

test("checkRecords() takes or refuses mutated requests, and never fails otherwise", () => {
  const attributes = [{ key: "k", value: { intValue: "5" } }];
  const request = traces([good("a"), { ...good("b"), attributes, links: [good("l")] }]);
  const change = fc.tuple(fc.nat(request.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const mutated = Uint8Array.from(request);
      for (const [at, byte] of changes) mutated[at] = byte;
      let checked;
      try {
        checked = checkRecords("traces", mutated);
      } catch (error) {
        assert.ok(error instanceof FlxError, String(error));
        return;
      }
      // What is kept is good itself, and holds what was counted.
      const again = checkRecords("traces", checked.request);
      assert.deepEqual([again.records, again.rejected], [checked.records, 0]);
    }),
    { numRuns: 2_000 },
  );
});
