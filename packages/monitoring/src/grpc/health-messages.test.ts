import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  readFlxHealth,
  readHealthRequest,
  readServingStatus,
  type ServingStatus,
  writeFlxHealth,
  writeHealthRequest,
  writeServingStatus,
  writeServingStatuses,
} from "./health-messages.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

test("writeServingStatus() and readServingStatus() are the bytes of grpc.health.v1", () => {
  const f = (status: ServingStatus, hex: string) => {
    assert.equal(writeServingStatus(status).toString("hex"), hex);
    assert.equal(readServingStatus(bytes(hex)), status);
  };

  f("UNKNOWN", "");
  f("SERVING", "0801");
  f("NOT_SERVING", "0802");
  f("SERVICE_UNKNOWN", "0803");
});

test("readServingStatus() takes the last of several, skips fields it does not know, and knows no further states", () => {
  const f = (hex: string, want: ServingStatus) => assert.equal(readServingStatus(bytes(hex)), want);

  f("0802 0801", "SERVING");
  f("1203616263 0801", "SERVING");
  f("0801 f90fffffffffffffffff fd0fffffffff", "SERVING");
  f("0804", "UNKNOWN");
  f("08ffffffffffffffffff01", "UNKNOWN");
});

test("writeHealthRequest() and readHealthRequest() carry a name; what is no UTF-8 is no reason to fail", () => {
  assert.equal(writeHealthRequest("").length, 0);
  assert.equal(writeHealthRequest("a.B").toString("hex"), "0a03612e42");
  for (const name of ["", "a.B", "größe", "x".repeat(300)]) {
    assert.equal(readHealthRequest(writeHealthRequest(name)), name);
  }
  assert.equal(readHealthRequest(bytes("0a02ff41")), "\ufffdA");
});

test("writeServingStatuses() writes a map, empty values too", () => {
  const statuses = new Map<string, ServingStatus>([
    ["", "SERVING"],
    ["a", "UNKNOWN"],
  ]);
  assert.equal(writeServingStatuses(statuses).toString("hex"), "0a04120208010a050a01611200");
});

test("readFlxHealth() gives what writeFlxHealth() was given", () => {
  const status = fc.constantFrom("healthy", "degraded", "unhealthy", "unknown");
  const positive = fc.double({ min: 0.001, max: 1e9, noNaN: true });
  const component = fc.record(
    {
      status,
      critical: fc.boolean(),
      message: fc.string({ minLength: 1, maxLength: 200, unit: "grapheme" }),
      durationMs: positive,
      ageMs: positive,
    },
    { requiredKeys: ["status", "critical"], noNullPrototype: true },
  );
  const health = fc.record({
    healthy: fc.boolean(),
    status,
    components: fc.dictionary(fc.string({ maxLength: 20 }), component, {
      maxKeys: 20,
      noNullPrototype: true,
    }),
  });
  fc.assert(
    fc.property(health, (value) => {
      const read = readFlxHealth(
        writeFlxHealth({ ...value, components: Object.entries(value.components) }),
      );
      assert.deepEqual(
        { ...read, components: Object.entries(read.components) },
        { ...value, components: Object.entries(value.components) },
      );
    }),
  );
});

test("readFlxHealth() judges by `healthy` when a server says no status, and keeps names as data", () => {
  assert.deepEqual(readFlxHealth(bytes("0801")), {
    healthy: true,
    status: "healthy",
    components: {},
  });
  assert.equal(readFlxHealth(bytes("")).status, "unhealthy");
  assert.equal(readFlxHealth(bytes("0801 1a03 626164")).status, "healthy");
  const { components } = readFlxHealth(bytes("120d 0a09 5f5f70726f746f5f5f 1200"));
  assert.deepEqual(Object.keys(components), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(components), Object.prototype);
});

test("readFlxHealth() cuts long names and messages, and refuses a flood of components", () => {
  const long = writeFlxHealth({
    healthy: true,
    status: "healthy",
    components: [["n".repeat(5_000), { status: "degraded", message: "m".repeat(50_000) }]],
  });
  const { components } = readFlxHealth(long);
  const lengths = Object.entries(components).map(([name, { message = "" }]) => [
    name.length,
    message.length,
  ]);
  assert.deepEqual(lengths, [[256, 1_024]]);

  const many = (count: number) =>
    writeFlxHealth({
      healthy: true,
      status: "healthy",
      components: Array.from({ length: count }, (_, i) => [`c${i}`, { status: "healthy" }]),
    });
  assert.equal(Object.keys(readFlxHealth(many(1_000)).components).length, 1_000);
  assert.throws(() => readFlxHealth(many(1_001)), { code: "FLX_GRPC_MESSAGE" });
});

test("the readers refuse bytes that are no message, with a code", () => {
  const f = (hex: string) => {
    assert.throws(() => readFlxHealth(bytes(hex)), { code: "FLX_GRPC_MESSAGE" }, hex);
  };

  f("08"); // a value that is missing
  f("0880"); // a varint that goes on
  f("08" + "ff".repeat(10) + "01"); // one of eleven bytes
  f("1205 0a"); // longer than the message
  f("12ffffffffffffffff7f"); // much longer
  f("0001"); // field 0
  f("0b0c"); // a group
  f("0f"); // kind 7
  f("12020800"); // fine by itself, but component 1 of the entry is no text
  f("0a00"); // `healthy` as text
  f("12 06 1204 22020000"); // a double of two bytes
});

test("the readers never do anything but answer or refuse, whatever the bytes", () => {
  const readers = [readFlxHealth, readHealthRequest, readServingStatus];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
      for (const read of readers) {
        try {
          read(input);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "FLX_GRPC_MESSAGE");
        }
      }
    }),
    { numRuns: 5_000 },
  );
});
