// The export worker: reads the ring, makes requests, sends them. Runs in a thread of its own.
//
//   woken ─► a quarter of a second later (or at once, when the ring fills or a flush is wanted)
//         ─► drain the ring ─► batches ─► deliveries ─► asleep again

import { parentPort, workerData } from "node:worker_threads";
import { encodeResource, type OtlpScope } from "@flx/model/write";
import { ExportCounters } from "../export-counters.ts";
import { RingReader } from "../shared-ring.ts";
import { RECORD, type Signal, signalOf } from "../signal.ts";
import { Batcher, type EncodedScope, prepareScope } from "./batcher.ts";
import { Delivery } from "./delivery.ts";
import type { DeliveryFault } from "./delivery-fault.ts";
import { logRecordOfLine } from "./log-line.ts";
import { openSender } from "./open-sender.ts";
import { spoolOpener } from "./open-spool.ts";
import type { Spool } from "./spool.ts";
import type { UnsettledNote } from "./unsettled.ts";
import type { WorkerStart } from "./worker-start.ts";

/** Bytes read from the ring before others get a turn. */
const DRAIN_BYTES = 4 * 1024 * 1024;
/** How often it is noted on disk what is only in memory. */
const NOTE_MS = 1_000;
/** How often it is looked after what processes that are no more have left. */
const LOOK_MS = 30_000;
/** Kept back from the time of a flush, for writing to disk what was not sent. */
const SPOOL_TIME_MS = 300;

const start = workerData as WorkerStart;
const { settings } = start;
const reader = new RingReader(start.memory);
const counters = new ExportCounters(start.counters);
const scopes = new Map<number, EncodedScope>();
const pipes = new Map<Signal, { batcher: Batcher; delivery: Delivery }>();
const onDisk = new Map<Signal, Spool>();
let note: UnsettledNote | undefined;
let noting: NodeJS.Timeout | undefined;
let timer: NodeJS.Timeout | undefined;
let flushed = 0;
let flushing = false;

for (const [text, id] of start.scopes) scopes.set(id, prepareScope(scopeOf(text)));
await openPipes();
parentPort?.on("message", (message: unknown) => {
  if (message === "close") {
    for (const { delivery } of pipes.values()) delivery.close();
    parentPort?.close();
    return;
  }
  if (Array.isArray(message)) {
    const [id, text] = message as [number, string];
    scopes.set(id, prepareScope(scopeOf(text)));
  }
  wake();
});
// What was written before this worker listened did not wake it.
wake();

async function openPipes(): Promise<void> {
  const resource = encodeResource(settings.resource);
  const spools = spoolOpener(settings.spool, counters);
  note = spools.note;
  for (const signal of ["traces", "logs", "metrics"] as const) {
    const endpoint = settings.endpoints[signal];
    if (endpoint === undefined) continue;
    const spool = spools.open(signal);
    if (spool !== undefined) onDisk.set(signal, spool);
    const tell = (about: DeliveryFault["about"], reason: string | undefined): void => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the service's thread, not a window
      parentPort?.postMessage({ signal, about, reason } satisfies DeliveryFault);
    };
    const batcher = new Batcher(resource, settings.resourceSchemaUrl, settings.batch, scopes);
    const delivery = new Delivery({
      signal,
      sender: await openSender(endpoint, signal, (fault) => tell("certificates", fault)),
      spool,
      counters,
      limits: settings.batch,
      random: Math.random,
      onFault: (reason) => tell("request", reason),
    });
    pipes.set(signal, { batcher, delivery });
    // What a process before this one left behind.
    delivery.start();
  }
  if (note === undefined) return;
  setInterval(() => {
    spools.look();
    for (const { delivery } of pipes.values()) delivery.start();
  }, LOOK_MS).unref();
}

function wake(): void {
  if (reader.flushWanted !== flushed) {
    void flush();
    return;
  }
  const hurried = reader.used > settings.ringBytes / 4;
  if (hurried) {
    clearTimeout(timer);
    timer = undefined;
    work();
  } else {
    timer ??= setTimeout(work, settings.batch.delayMs);
  }
}

function work(): void {
  timer = undefined;
  drain(DRAIN_BYTES);
  for (const { batcher, delivery } of pipes.values()) {
    const batches = batcher.cut();
    if (batches.length > 0) delivery.put(batches);
  }
  if (note !== undefined && noting === undefined) noteUnsettled();
  if (!reader.sleep())
    timer = setTimeout(work, reader.used > settings.ringBytes / 8 ? 0 : settings.batch.delayMs);
}

/** Notes it now, and again as long as there is something. */
function noteUnsettled(): void {
  const left = note?.write(onDisk) ?? 0;
  noting = left === 0 ? undefined : setTimeout(noteUnsettled, NOTE_MS);
}

function drain(maxBytes: number): void {
  reader.drain((kind, scope, payload) => {
    if (kind === RECORD.scope) {
      scopes.set(scope, prepareScope(scopeOf(Buffer.from(payload).toString())));
      return;
    }
    if (kind === RECORD.logLine) {
      addLine(scope, payload);
      return;
    }
    const signal = signalOf(kind);
    if (signal !== undefined) pipes.get(signal)?.batcher.add(scope, payload);
  }, maxBytes);
}

function addLine(scope: number, line: Uint8Array): void {
  const record = logRecordOfLine(line);
  if (record === undefined) counters.add("logs", "refused", 1);
  else pipes.get("logs")?.batcher.add(scope, record);
}

/** Sends or spools everything that is there now, then says so. */
async function flush(): Promise<void> {
  if (flushing) return;
  flushing = true;
  while (reader.flushWanted !== flushed) {
    const wanted = reader.flushWanted;
    const deadlineMs = performance.now() + reader.flushTimeoutMs - SPOOL_TIME_MS;
    drain(Infinity);
    await Promise.all(
      [...pipes.values()].map(async ({ batcher, delivery }) => {
        delivery.put(batcher.cut());
        await delivery.finish(deadlineMs);
      }),
    );
    note?.write(onDisk);
    flushed = wanted;
    reader.flushed(wanted);
  }
  flushing = false;
  wake();
}

function scopeOf(text: string): OtlpScope {
  const [name, version, schemaUrl, attributes] = JSON.parse(text) as [
    string,
    string | null,
    string | null,
    Record<string, unknown> | null,
  ];
  return {
    name,
    version: version ?? undefined,
    schemaUrl: schemaUrl ?? undefined,
    attributes: attributes ?? undefined,
  };
}
