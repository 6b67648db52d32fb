// The same calls on our tracer and on OpenTelemetry's, ids and times given: the same OTLP message, field by field.
//
//   random calls ─┬─► @flx/monitoring/tracing ─► worker ─► HTTP body ──┐
//                 │                                                     ├─► protobufjs, from the .proto files ─► compared
//                 └─► @opentelemetry/sdk-trace ─► otlp-transformer ────┘
//
// What we do on purpose otherwise: our trace ids say that they are random (flag 2), and a span without a status has no message of
// it, which means the same. Left out of the calls: numbers that are whole but no safe integers, and -0, are
// doubles with us, and what OpenTelemetry refuses as an attribute (mixed lists, objects, BigInt) is taken by us.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ROOT_CONTEXT, trace, type Attributes, type Link, type Tracer } from "@opentelemetry/api";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import {
  TracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace";
import { setupTracing } from "@flx/monitoring/tracing";
import { waitUntil } from "@flx/testkit";
import fc from "fast-check";
import protobuf from "protobufjs";

const folder = dirname(
  createRequire(import.meta.url).resolve("@elastic/mockotlpserver/package.json"),
);
const root = new protobuf.Root();
root.resolvePath = (_, target) => join(folder, target);
root.loadSync("opentelemetry/proto/collector/trace/v1/trace_service.proto");
const Request = root.lookupType("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest");

/** What is done to one span. */
interface Calls {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  readonly more: Attributes;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Attributes;
    readonly ms: number;
  }[];
  readonly links: readonly Link[];
  readonly status: { readonly code: number; readonly message?: string } | undefined;
  readonly startMs: number;
  readonly lengthMs: number;
  /** Which of the spans before is the parent; none: a root. */
  readonly parent: number | undefined;
}

const COUNT = process.env["FLX_FULL"] === "1" ? 3000 : 150;
const START_MS = 1_700_000_000_000;

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const key = fc.string({
  unit: fc.constantFrom(...Array.from("abc.de_")),
  minLength: 1,
  maxLength: 8,
});
const value = fc.oneof(
  text,
  fc.boolean(),
  fc.maxSafeInteger(),
  fc
    .double({ noNaN: false })
    .filter(
      (each) => !Number.isInteger(each) || (Number.isSafeInteger(each) && !Object.is(each, -0)),
    ),
  fc.array(text, { maxLength: 4 }),
  fc.array(fc.integer(), { maxLength: 4 }),
  fc.array(fc.boolean(), { maxLength: 4 }),
);
const attributes = fc.dictionary(key, value, {
  maxKeys: 6,
  noNullPrototype: true,
}) as fc.Arbitrary<Attributes>;
const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...Array.from("0123456789abcdef")), {
      minLength: length,
      maxLength: length,
    })
    .map((digits) => digits.join(""))
    .filter((digits) => !/^0+$/.test(digits));
const link: fc.Arbitrary<Link> = fc.record({
  context: fc.record({
    traceId: hex(32),
    spanId: hex(16),
    traceFlags: fc.integer({ min: 0, max: 3 }),
  }),
  attributes,
});
const calls: fc.Arbitrary<Calls> = fc.record({
  name: text.filter((name) => name !== ""),
  kind: fc.integer({ min: 0, max: 4 }),
  attributes,
  more: attributes,
  events: fc.array(fc.record({ name: text, attributes, ms: fc.integer({ min: 0, max: 1000 }) }), {
    maxLength: 3,
  }),
  links: fc.array(link, { maxLength: 3 }),
  status: fc.option(fc.record({ code: fc.integer({ min: 0, max: 2 }), message: text }), {
    nil: undefined,
  }),
  startMs: fc.integer({ min: 0, max: 1_000_000 }),
  lengthMs: fc.integer({ min: 0, max: 100_000 }),
  parent: fc.option(fc.nat(20), { nil: undefined }),
});

/** Makes the calls; the ids of the spans in the order they were begun. */
function make(tracer: Tracer, all: readonly Calls[]): { traceId: string; spanId: string }[] {
  const spans = all.map(() => undefined) as (ReturnType<Tracer["startSpan"]> | undefined)[];
  for (const [i, each] of all.entries()) {
    const parent = each.parent === undefined ? undefined : spans[each.parent % Math.max(i, 1)];
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent);
    const startTime = START_MS + each.startMs;
    const options = {
      kind: each.kind,
      attributes: each.attributes,
      links: [...each.links],
      startTime,
    };
    const span = tracer.startSpan(each.name, options, context);
    span.setAttributes(each.more);
    for (const event of each.events)
      span.addEvent(event.name, event.attributes, startTime + event.ms);
    if (each.status !== undefined) span.setStatus(each.status);
    spans[i] = span;
  }
  for (const [i, span] of spans.entries()) span?.end(START_MS + all[i]!.startMs + all[i]!.lengthMs);
  return spans.map((span) => span!.spanContext());
}

/** The spans of a request, without what the field's absence says as well. */
function spansOf(body: Uint8Array): unknown[] {
  const message = Request.toObject(Request.decode(body), {
    longs: String,
    bytes: String,
    defaults: true,
  }) as {
    resourceSpans: { scopeSpans: { spans: SpanMessage[] }[] }[];
  };
  const spans = message.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans: some }) => some),
  );
  for (const span of spans) {
    span.flags &= ~RANDOM;
    span.status ??= { code: 0, message: "" };
  }
  return spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
}

interface SpanMessage {
  readonly spanId: string;
  flags: number;
  status: unknown;
}

const RANDOM = 2;

test("the same calls give the same OTLP as OpenTelemetry's SDK", async (t) => {
  const bodies: Buffer[] = [];
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      bodies.push(Buffer.concat(chunks));
      response.end();
    });
  }).listen(0, "127.0.0.1");
  t.after(() => {
    receiver.close();
    receiver.closeAllConnections();
  });
  await once(receiver, "listening");
  const { port } = receiver.address() as AddressInfo;
  await using tracing = setupTracing({ endpoint: `http://127.0.0.1:${port}`, compression: "none" });
  const ours = tracing.provider.getTracer("differential", "1.0.0");

  const exporter = new InMemorySpanExporter();
  const ids: { traceId: string; spanId: string }[] = [];
  let at = 0;
  const theirs = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    idGenerator: {
      // The span's id is asked for first; a child is not asked for a trace.
      generateTraceId: () => ids[at - 1]!.traceId,
      generateSpanId: () => ids[at++]!.spanId,
    },
  }).getTracer("differential", "1.0.0");

  const programs = fc.array(calls, { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(programs, async (all) => {
      bodies.length = 0;
      exporter.reset();
      ids.splice(0, ids.length, ...make(ours, all));
      at = 0;
      make(theirs, all);
      assert.equal(await tracing.flush(), true);
      await waitUntil(() => bodies.length > 0, { what: "the request to come", timeoutMs: 30_000 });
      const want = ProtobufTraceSerializer.serializeRequest(exporter.getFinishedSpans());
      assert.deepEqual(bodies.flatMap(spansOf), spansOf(want!));
    }),
    { numRuns: COUNT, endOnFailure: true },
  );
});
