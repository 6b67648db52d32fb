import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FlxError } from "../errors.ts";
import { MessageWriter } from "../otlp/message-writer.ts";
import { bitsOf, isStale, STALE_NAN_BITS } from "../staleness.ts";
import type { RemoteWriteBatch } from "./batch.ts";
import { readWriteRequest } from "./read-v1.ts";
import { readWriteRequestV2 } from "./read-v2.ts";

type Pair = readonly [string, string];

function message(out: MessageWriter, tag: number, fill: () => void): void {
  const start = out.begin(tag);
  fill();
  out.end(start);
}

function label(out: MessageWriter, tag: number, [name, value]: Pair): void {
  message(out, tag, () => {
    out.text(0x0a, name);
    out.text(0x12, value);
  });
}

const STALE_SAMPLE = Uint8Array.of(0x09, 2, 0, 0, 0, 0, 0, 0xf0, 0x7f, 0x10, 8);

function requestV1(): Uint8Array {
  const out = new MessageWriter();
  message(out, 0x0a, () => {
    label(out, 0x0a, ["__name__", "up"]);
    label(out, 0x0a, ["job", "größe"]);
    message(out, 0x12, () => {
      out.double(0x09, 1.5);
      out.int(0x10, -7);
    });
    out.field(0x12, STALE_SAMPLE);
    message(out, 0x1a, () => {
      label(out, 0x0a, ["trace_id", "abc"]);
      out.double(0x11, 3);
      out.int(0x18, 9);
    });
    histogram(out, 0x22);
  });
  message(out, 0x1a, () => {
    out.uint(0x08, 1);
    out.text(0x12, "up");
    out.text(0x22, "Whether it is up");
    out.text(0x2a, "ratio");
  });
  return out.take();
}

/** Schema 1, two positive buckets 1 and 3 at indexes 2 and 3, one negative of 4 at -1. */
function histogram(out: MessageWriter, tag: number): void {
  message(out, tag, () => {
    out.uint(0x08, 9);
    out.double(0x19, 2.5);
    out.uint(0x20, 2);
    out.double(0x29, 0.001);
    out.uint(0x30, 1);
    message(out, 0x42, () => {
      out.uint(0x08, 1);
      out.uint(0x10, 1);
    });
    out.field(0x4a, Uint8Array.of(8));
    message(out, 0x5a, () => {
      out.uint(0x08, 4);
      out.uint(0x10, 2);
    });
    out.field(0x62, Uint8Array.of(2, 4));
    out.uint(0x70, 2);
    out.uint(0x78, 11);
  });
}

function requestV2(): Uint8Array {
  const out = new MessageWriter();
  const symbols = [
    "",
    "__name__",
    "up",
    "job",
    "größe",
    "trace_id",
    "abc",
    "Whether it is up",
    "ratio",
  ];
  message(out, 0x2a, () => {
    out.field(0x0a, Uint8Array.of(1, 2, 3, 4));
    message(out, 0x12, () => {
      out.double(0x09, 1.5);
      out.int(0x10, -7);
    });
    out.field(0x12, STALE_SAMPLE);
    histogram(out, 0x1a);
    message(out, 0x22, () => {
      out.field(0x0a, Uint8Array.of(5, 6));
      out.double(0x11, 3);
      out.int(0x18, 9);
    });
    message(out, 0x2a, () => {
      out.uint(0x08, 1);
      out.uint(0x18, 7);
      out.uint(0x20, 8);
    });
    out.int(0x30, 5);
  });
  // Symbols may stand behind what names them.
  for (const symbol of symbols) out.text(0x22, symbol);
  return out.take();
}

function check(batch: RemoteWriteBatch): void {
  assert.equal(batch.series, 1);
  assert.equal(batch.samples, 2);
  assert.equal(batch.labelSource.labels(0).toString(), 'up{job="größe"}');
  const identity = batch.labelSource.identity(0);
  assert.ok(
    batch.labelSource.same(0, viewOf(Uint8Array.of(7, ...identity, 7)), 1, 1 + identity.length),
  );
  assert.deepEqual([...batch.timestampMs.subarray(0, 2)], [-7, 8]);
  assert.equal(batch.values[0], 1.5);
  assert.ok(isStale(bitsOf(batch.values), 1), STALE_NAN_BITS.toString(16));
  const [written] = batch.histograms;
  assert.ok(written !== undefined && !(written.histogram instanceof FlxError));
  assert.equal(written.timestampMs, 11);
  const { schema, count, sum, zeroCount, zeroThreshold, positive, negative, counterResetHint } =
    written.histogram;
  assert.deepEqual(
    { schema, count, sum, zeroCount, zeroThreshold, counterResetHint },
    { schema: 1, count: 9, sum: 2.5, zeroCount: 1, zeroThreshold: 0.001, counterResetHint: "none" },
  );
  assert.deepEqual(
    [[...positive.indexes], [...positive.counts]],
    [
      [2, 3],
      [1, 3],
    ],
  );
  assert.deepEqual([[...negative.indexes], [...negative.counts]], [[-1], [4]]);
  const [exemplar] = batch.exemplars;
  assert.equal(exemplar?.exemplar.labels.toString(), '{trace_id="abc"}');
  assert.deepEqual([exemplar?.exemplar.value, exemplar?.exemplar.timestampMs], [3, 9]);
  assert.deepEqual(batch.metadata, [
    { name: "up", type: "counter", help: "Whether it is up", unit: "ratio" },
  ]);
}

test("readWriteRequest() and readWriteRequestV2() read the same series", () => {
  check(readWriteRequest(requestV1()));
  const second = readWriteRequestV2(requestV2());
  check(second);
  assert.deepEqual([...second.startsMs!.subarray(0, 2)], [5, 5]);
  assert.equal(second.histograms[0]?.startMs, 5);
});

test("identities tell label sets apart whose bytes run together the same way", () => {
  const f = (a: Pair[], b: Pair[]): void => {
    for (const read of [readSeriesV1, readSeriesV2]) {
      const identity = read(a).labelSource.identity(0);
      assert.ok(read(a).labelSource.same(0, viewOf(identity), 0, identity.length));
      assert.ok(!read(b).labelSource.same(0, viewOf(identity), 0, identity.length));
    }
  };

  f(
    [
      ["a", "b"],
      ["c", "d"],
    ],
    [
      ["a", "bc"],
      ["", "d"],
    ],
  );
  f(
    [
      ["a", "b"],
      ["c", "d"],
    ],
    [["a", "b"]],
  );
  f(
    [["a", "b"]],
    [
      ["a", "b"],
      ["c", "d"],
    ],
  );
  f([["a", "b"]], []);
  f([["a", "b"]], [["a", "c"]]);
});

test("hash() is equal for equal labels, and spread for those of a fleet", () => {
  const pairs = Array.from({ length: 2_000 }, (_, i): Pair[] => [
    ["__name__", "http_requests_total"],
    ["instance", `host-${i % 100}:9100`],
    ["path", `/p/${Math.floor(i / 100)}`],
  ]);
  for (const read of [readSeriesV1, readSeriesV2]) {
    const hashes = pairs.map((each) => read(each).labelSource.hash(0));
    assert.deepEqual(
      pairs.slice(0, 20).map((each) => read(each).labelSource.hash(0)),
      hashes.slice(0, 20),
    );
    assert.ok(new Set(hashes).size > 1_995);
    // What a table of 4,096 places takes of them: by chance 1,583 places have one or more.
    assert.ok(new Set(hashes.map((hash) => hash & 4_095)).size > 1_500);
  }
});

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function readSeriesV1(pairs: readonly Pair[]): RemoteWriteBatch {
  const out = new MessageWriter();
  message(out, 0x0a, () => pairs.forEach((pair) => label(out, 0x0a, pair)));
  return readWriteRequest(out.take());
}

function readSeriesV2(pairs: readonly Pair[]): RemoteWriteBatch {
  const out = new MessageWriter();
  const symbols = ["", ...new Set(pairs.flat())];
  for (const symbol of symbols) out.text(0x22, symbol);
  message(out, 0x2a, () => {
    for (const text of pairs.flat()) out.uint(0x08, symbols.indexOf(text));
  });
  return readWriteRequestV2(out.take());
}

test("readWriteRequest() reads labels that do not lie side by side", () => {
  const out = new MessageWriter();
  message(out, 0x0a, () => {
    label(out, 0x0a, ["__name__", "up"]);
    message(out, 0x12, () => out.int(0x10, 5));
    label(out, 0x0a, ["job", "a"]);
  });
  const { labelSource } = readWriteRequest(out.take());
  assert.equal(labelSource.labels(0).toString(), 'up{job="a"}');
  const whole = readSeriesV1([
    ["__name__", "up"],
    ["job", "a"],
  ]).labelSource;
  const identity = whole.identity(0);
  assert.deepEqual(labelSource.identity(0), identity);
  assert.ok(labelSource.same(0, viewOf(identity), 0, identity.length));
});

test("readWriteRequest() refuses what goes over a limit, by name", () => {
  const f = (limits: Parameters<typeof readWriteRequest>[1], name: RegExp): void => {
    assert.throws(() => readWriteRequest(requestV1(), limits), {
      code: "FLX_REMOTE_WRITE_LIMIT",
      message: name,
    });
  };

  f({ maxSeries: 0 }, /maxSeries/);
  f({ maxSamples: 1 }, /maxSamples/);
  f({ maxLabels: 1 }, /maxLabels/);
  f({ maxLabelBytes: 3 }, /maxLabelBytes/);
  f({ maxBuckets: 1 }, /maxBuckets/);
  assert.throws(() => readWriteRequestV2(requestV2(), { maxSymbols: 2 }), /maxSymbols/);
});

test("readWriteRequestV2() refuses references to symbols that are not there", () => {
  const out = new MessageWriter();
  message(out, 0x2a, () => out.field(0x0a, Uint8Array.of(1, 2)));
  assert.throws(() => readWriteRequestV2(out.take()), { code: "FLX_WIRE_MALFORMED" });
  message(out, 0x2a, () => out.field(0x0a, Uint8Array.of(0)));
  out.text(0x22, "");
  assert.throws(() => readWriteRequestV2(out.take()), { code: "FLX_WIRE_MALFORMED" });
});

test("readWriteRequest() keeps a histogram that does not fit together as its error", () => {
  const out = new MessageWriter();
  message(out, 0x0a, () => {
    message(out, 0x22, () => {
      message(out, 0x5a, () => out.uint(0x10, 4_000_000_000));
    });
  });
  const [written] = readWriteRequest(out.take()).histograms;
  assert.ok(written?.histogram instanceof FlxError);
});

test("both readers answer any bytes with columns or an FlxError", () => {
  const originals = [requestV1(), requestV2()];
  fc.assert(
    fc.property(
      fc.nat(1),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (which, changes) => {
        const bytes = Uint8Array.from(originals[which]!);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        for (const read of [readWriteRequest, readWriteRequestV2]) {
          try {
            const batch = read(bytes);
            for (let i = 0; i < batch.series; i++) batch.labelSource.labels(i);
          } catch (error) {
            assert.ok(error instanceof FlxError, String(error));
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
