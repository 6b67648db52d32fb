// What is counted, and when. The clock stands in `time.ms`, so durations are exact.

import assert from "node:assert/strict";
import { once } from "node:events";
import { Duplex, PassThrough, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { Registry } from "../registry.ts";
import { MetricsCollector } from "./metrics-collector.ts";

/** A collector, and what it has counted under the name "p". */
function collecting() {
  const registry = new Registry();
  const time = { ms: 0 };
  const collector = new MetricsCollector(registry, { clock: () => time.ms });
  const values = async (pattern: RegExp): Promise<string> => {
    const text = await registry.metrics();
    return [...text.matchAll(pattern)].map(([, status, value]) => `${status} ${value}`).join(", ");
  };
  return {
    collector,
    time,
    track: collector.trackPipelineExecution("p"),
    grpc: collector.trackGrpcRequest("m"),
    /** Statuses that have happened, with how often. */
    counts: async () =>
      values(/^flx_pipeline_runs_total\{pipeline_name="p",status="(\w+)"\} ([1-9]\d*)$/gm),
    grpcCounts: async () =>
      values(/^flx_grpc_requests_total\{method="m",status="(\w+)"\} ([1-9]\d*)$/gm),
    durations: async () => values(/^flx_pipeline_duration_seconds_(sum|count)\{[^}]*\} (.+)$/gm),
  };
}

const boom = new Error("boom");

async function all<T>(generator: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of generator) values.push(value);
  return values;
}

test("a tracked function that returns is a success, one that throws a failure", async () => {
  const { track, time, counts, durations } = collecting();
  const add = track((a: number, b: number) => {
    time.ms += 250;
    return a + b;
  });
  assert.equal(add(1, 2), 3);
  assert.equal(await counts(), "success 1");
  const fail = track(() => {
    time.ms += 500;
    throw boom;
  });
  assert.throws(fail, (error) => error === boom);
  assert.equal(await counts(), "success 1, failure 1");
  assert.equal(await durations(), "sum 0.75, count 2");
});

test("statuses that alerts need are there with 0 before anything happened", async () => {
  const { collector } = collecting();
  const text = await collector.registry.metrics();
  assert.match(text, /flx_pipeline_runs_total\{pipeline_name="p",status="failure"\} 0/);
  assert.match(text, /flx_grpc_requests_total\{method="m",status="OK"\} 0/);
});

test("a promise is followed to its end", async () => {
  const { track, time, counts, durations } = collecting();
  const { promise, resolve } = Promise.withResolvers<string>();
  const pending = track(() => promise)();
  assert.equal(await counts(), "");
  time.ms = 2000;
  resolve("done");
  assert.equal(await pending, "done");
  assert.equal(await counts(), "success 1");
  assert.equal(await durations(), "sum 2, count 1");

  await assert.rejects(track(() => Promise.reject(boom))(), (error) => error === boom);
  assert.equal(await counts(), "success 1, failure 1");
});

test("an AbortError counts as cancelled, and is thrown on", async () => {
  const { track, counts } = collecting();
  const signal = AbortSignal.abort();
  await assert.rejects(
    track(async () => {
      signal.throwIfAborted();
    })(),
    (error) => error === signal.reason,
  );
  assert.equal(await counts(), "cancelled 1");
});

test("a promise keeps its class and what was put on it", async () => {
  const { track, counts } = collecting();
  class Job<T> extends Promise<T> {}
  const cancel = () => "cancelled";
  const job = track(() => Object.assign(Job.resolve(1), { cancel }))();
  assert.ok(job instanceof Job);
  assert.equal(job.cancel, cancel);
  assert.equal(await job, 1);
  assert.equal(await counts(), "success 1");
});

test("a rejection that nobody handles is still reported as unhandled", async () => {
  const { track } = collecting();
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  try {
    const unhandled = once(process, "unhandledRejection");
    void track(() => Promise.reject(boom))();
    assert.equal((await unhandled)[0], boom);
  } finally {
    for (const listener of others) process.on("unhandledRejection", listener);
  }
});

test("a thenable stays itself, lazy, and is counted when it is awaited", async () => {
  const { track, counts } = collecting();
  class Query {
    sent = 0;
    limit = 0;
    take(limit: number): this {
      this.limit = limit;
      return this;
    }
    // oxlint-disable-next-line unicorn/no-thenable -- as the query builders have it
    then(onRows: (rows: number) => unknown): void {
      this.sent++;
      onRows(this.limit);
    }
  }
  const query = new Query();
  const tracked = track(() => query)();
  assert.equal(tracked, query);
  assert.equal(query.sent, 0);
  assert.equal(await counts(), "");
  assert.equal(await (tracked.take(3) as unknown as PromiseLike<number>), 3);
  assert.equal(query.sent, 1);
  assert.equal(await counts(), "success 1");

  // oxlint-disable-next-line unicorn/no-thenable -- a foreign promise that fails
  const failing = { then: (_: unknown, onError: (error: Error) => void) => onError(boom) };
  await assert.rejects(Promise.resolve(track(() => failing)()), boom);
  assert.equal(await counts(), "success 1, failure 1");
  const frozen = Object.freeze({
    // oxlint-disable-next-line unicorn/no-thenable -- one that cannot be changed
    then: (onValue: (value: number) => unknown) => Promise.resolve(5).then(onValue),
  });
  assert.equal(await (track(() => frozen)() as PromiseLike<number>), 5);
  assert.equal(await counts(), "success 2, failure 1");
});

test("a generator is a run from its first next() to its end", async () => {
  const { track, time, counts, durations } = collecting();
  const rows = track(function* (
    from: number,
  ): Generator<number | undefined, string, number | undefined> {
    const got = yield from;
    time.ms += 1000;
    yield got;
    return "end";
  });
  const generator = rows(7);
  time.ms = 5000;
  assert.deepEqual(generator.next(), { value: 7, done: false });
  assert.deepEqual(generator.next(8), { value: 8, done: false });
  assert.equal(await counts(), "");
  assert.deepEqual(generator.next(), { value: "end", done: true });
  assert.deepEqual(generator.next(), { value: undefined, done: true });
  assert.equal(await counts(), "success 1");
  assert.equal(await durations(), "sum 1, count 1");

  assert.deepEqual([...rows(1)], [1, undefined]);
  assert.deepEqual(
    rows(2)
      .map((row) => row ?? 0)
      .toArray(),
    [2, 0],
  );
  assert.equal(await counts(), "success 3");
});

test("a generator that is stopped is a success, one that throws a failure, one never started nothing", async () => {
  const { track, counts } = collecting();
  let cleaned = 0;
  const endless = track(function* (): Generator<number, unknown, unknown> {
    try {
      for (;;) yield 1;
    } catch (error) {
      if (error !== "survive") throw error;
      return yield 2;
    } finally {
      cleaned++;
    }
  });
  for (const _ of endless()) break;
  assert.equal(cleaned, 1);
  assert.equal(await counts(), "success 1");

  const thrown = endless();
  thrown.next();
  assert.throws(() => thrown.throw(boom), boom);
  assert.equal(await counts(), "success 1, failure 1");

  const survivor = endless();
  survivor.next();
  assert.deepEqual(survivor.throw("survive"), { value: 2, done: false });
  assert.equal(await counts(), "success 1, failure 1");
  assert.deepEqual(survivor.next("x"), { value: "x", done: true });
  assert.equal(await counts(), "success 2, failure 1");

  endless();
  assert.deepEqual(endless().return(9), { value: 9, done: true });
  assert.throws(() => endless().throw(boom), boom);
  const over = endless();
  over.return(9);
  over.next();
  assert.equal(await counts(), "success 2, failure 1");
});

test("a generator that asks itself for a step is refused by the engine, and goes on", async () => {
  const { track, counts } = collecting();
  const selfish = track(function* (): Generator {
    try {
      generator.next();
    } catch (error) {
      yield error;
    }
  });
  const generator = selfish();
  assert.ok(generator.next().value instanceof TypeError);
  assert.equal(await counts(), "");
  generator.next();
  assert.equal(await counts(), "success 1");
});

test("an async generator is followed in the same way", async () => {
  const { track, counts } = collecting();
  const pages = track(async function* (count: number): AsyncGenerator<number> {
    for (let page = 0; page < count; page++) yield page;
    if (count === 3) throw boom;
  });
  assert.deepEqual(await all(pages(2)), [0, 1]);
  assert.equal(await counts(), "success 1");
  await assert.rejects(all(pages(3)), boom);
  assert.equal(await counts(), "success 1, failure 1");
  for await (const _ of pages(9)) break;
  assert.equal(await counts(), "success 2, failure 1");

  const asked = pages(1); // both steps asked for at once
  assert.deepEqual(await Promise.all([asked.next(), asked.next()]), [
    { value: 0, done: false },
    { value: undefined, done: true },
  ]);
  assert.equal(await counts(), "success 3, failure 1");
  await pages(1).return(undefined);
  assert.equal(await counts(), "success 3, failure 1");
});

test("a stream is followed without being read", async () => {
  const { track, counts } = collecting();
  const chunks = track(() => Readable.from(["a", "b"]))();
  assert.equal(chunks.readableFlowing, null);
  assert.equal(await counts(), "");
  assert.deepEqual(await chunks.toArray(), ["a", "b"]);
  assert.equal(await counts(), "success 1");

  const sink = track(() => new Writable({ write: (_chunk, _encoding, done) => done() }))();
  sink.end("x");
  await once(sink, "finish");
  assert.equal(await counts(), "success 2");

  const through = track(async () => new PassThrough())();
  const stream = await through;
  stream.end("x");
  await once(stream, "finish");
  assert.equal(await counts(), "success 2"); // the other side is open
  await stream.toArray();
  assert.equal(await counts(), "success 3");
});

test("a stream that breaks, is left or given up counts as such", async () => {
  const { track, counts } = collecting();
  const read = () => {};
  const broken = track(() => new Readable({ read }))();
  broken.destroy(boom);
  assert.equal((await once(broken, "error"))[0], boom);
  assert.equal(await counts(), "failure 1");

  const left = track(() => new Readable({ read }))();
  await once(left.destroy(), "close");
  assert.equal(await counts(), "success 1, failure 1");

  const givenUp = track(() => new Writable())();
  await once(givenUp.destroy(), "close");
  assert.equal(await counts(), "success 1, failure 1, cancelled 1");

  const already = Readable.from([]);
  await already.toArray();
  track(() => already)();
  assert.equal(await counts(), "success 2, failure 1, cancelled 1");
});

test("a stream whose reader hung up counts as cancelled", async () => {
  const { track, counts } = collecting();
  const source = track(() => new Readable({ read() {} }))();
  const client = new PassThrough();
  const piped = pipeline(source, client);
  client.destroy();
  await assert.rejects(piped, { code: "ERR_STREAM_PREMATURE_CLOSE" });
  assert.equal(await counts(), "cancelled 1");
});

test("a gRPC call whose rows are left is cancelled", async () => {
  const { grpc, grpcCounts } = collecting();
  const rows = grpc(function* (): Generator<number> {
    yield 1;
    yield 2;
  });
  for (const _ of rows()) break;
  assert.equal(await grpcCounts(), "CANCELLED 1");
});

test("an error of a stream that nobody handles is still uncaught", () => {
  const { track } = collecting();
  const stream = track(() => new PassThrough())();
  assert.throws(() => stream.emit("error", boom), boom);
  const events = ["end", "finish", "close", "cancelled"];
  assert.deepEqual(
    events.map((event) => stream.listenerCount(event)),
    events.map((event) => new PassThrough().listenerCount(event)),
  );
});

test("a gRPC handler with a callback ends with the callback", async () => {
  const { grpc, grpcCounts } = collecting();
  type Callback = (error: object | null, reply?: string) => void;
  let answer: Callback = () => {};
  const handler = grpc((_call: object, callback: Callback) => {
    answer = callback;
  });
  const replies: unknown[] = [];
  const callback: Callback = (...args) => replies.push(args);
  handler({}, callback);
  assert.equal(await grpcCounts(), "");
  answer(null, "reply");
  answer(null, "again");
  assert.equal(await grpcCounts(), "OK 1");
  handler({}, callback);
  answer({ code: 5 });
  assert.equal(await grpcCounts(), "OK 1, NOT_FOUND 1");
  assert.deepEqual(replies, [[null, "reply"], [null, "again"], [{ code: 5 }]]);

  const rejecting = grpc(async (_call: object, _callback: Callback) => {
    throw Object.assign(new Error("x"), { code: 7 });
  });
  await assert.rejects(rejecting({}, callback));
  assert.equal(await grpcCounts(), "OK 1, NOT_FOUND 1, PERMISSION_DENIED 1");
});

test("a gRPC handler that writes to its call ends with the call", async () => {
  const { grpc, grpcCounts } = collecting();
  const open = () =>
    new Duplex({ objectMode: true, read() {}, write: (_chunk, _encoding, done) => done() });
  const handler = grpc((call: Duplex) => {
    call.write("row");
  });
  const first = open();
  handler(first);
  assert.equal(await grpcCounts(), "");
  await once(first.end(), "finish"); // what the client still sends does not matter
  assert.equal(await grpcCounts(), "OK 1");

  const second = open();
  handler(second);
  second.emit("cancelled", "cancelled");
  assert.equal(await grpcCounts(), "OK 1, CANCELLED 1");

  const third = open().on("error", () => {});
  handler(third);
  third.emit("error", { code: 8 });
  assert.equal(await grpcCounts(), "OK 1, CANCELLED 1, RESOURCE_EXHAUSTED 1");
});

test("a gRPC handler that refuses on its call before it returns has failed", async () => {
  const { grpc, grpcCounts } = collecting();
  const open = () => new PassThrough().on("error", (error) => error);
  const refuse = (call: PassThrough) => {
    call.emit("error", { code: 9 });
    call.end();
  };
  grpc(refuse)(open());
  assert.equal(await grpcCounts(), "FAILED_PRECONDITION 1");
  await grpc(async (call: PassThrough) => {
    refuse(call);
  })(open());
  assert.equal(await grpcCounts(), "FAILED_PRECONDITION 2");
});

test("a pipeline's last argument is no callback", async () => {
  const { track, counts } = collecting();
  const each = () => {};
  track((fn: () => void) => assert.equal(fn, each))(each);
  assert.equal(await counts(), "success 1");
});

test("a result that throws when it is looked at is given back as it is", async () => {
  const { track, counts } = collecting();
  const strict = new Proxy(
    {},
    {
      get() {
        throw boom;
      },
    },
  );
  assert.ok(track(() => strict)() === strict);
  const frozen = Object.freeze(
    (function* (): Generator<number> {
      yield 1;
    })(),
  );
  assert.ok(track(() => frozen)() === frozen);
  assert.equal(await counts(), "success 2");
});
