import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { oracleType } from "../../test/otlp/otlp-oracle.ts";
import { writeLogRecord } from "./log-record.ts";
import { MessageWriter } from "./message-writer.ts";

const record = oracleType("LogsRequest").root.lookupType("LogRecord");

interface Decoded {
  readonly timeUnixNano: { toString(): string };
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: { readonly stringValue: string } | null;
  readonly attributes: readonly {
    readonly key: string;
    readonly value: { readonly stringValue: string };
  }[];
  readonly eventName: string;
}

test("writeLogRecord() writes what protobufjs reads with the published numbers, events' names too", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const given = fc.record({
    seconds: fc.integer({ min: 0, max: 4_000_000_000 }),
    nanos: fc.integer({ min: 0, max: 999_999_999 }),
    severityNumber: fc.integer({ min: 0, max: 24 }),
    severityText: text,
    body: fc.option(text, { nil: undefined }),
    pairs: fc.array(fc.tuple(text, text), { maxLength: 5 }),
    eventName: fc.option(text, { nil: undefined }),
  });
  fc.assert(
    fc.property(given, ({ pairs, ...fields }) => {
      const out = new MessageWriter(64);
      const [keys, values] = [pairs.map(([key]) => key), pairs.map(([, value]) => value)];
      const attributes = { keys, values, dropped: 0 };
      writeLogRecord(out, { ...fields, attributes, ids: undefined, flags: 0 });
      // The record stands in its scope, with tag and length.
      const message = oracleType("LogsRequest").root.lookupType("ScopeLogs");
      const decoded = message.decode(out.bytes.subarray(0, out.at)) as unknown as {
        readonly logRecords: readonly Decoded[];
      };
      const [read, ...others] = decoded.logRecords;
      assert.equal(others.length, 0);
      const ns = BigInt(fields.seconds) * 1_000_000_000n + BigInt(fields.nanos);
      assert.equal(read!.timeUnixNano.toString(), String(ns));
      assert.equal(read!.severityNumber, fields.severityNumber);
      assert.equal(read!.severityText, fields.severityText);
      assert.equal(read!.body?.stringValue, fields.body);
      assert.deepEqual(
        read!.attributes.map(({ key, value }) => [key, value.stringValue]),
        pairs,
      );
      assert.equal(read!.eventName, fields.eventName ?? "");
    }),
  );
  assert.equal(record.fields["eventName"]!.id, 12);
});
