// The export worker: reads the ring, makes requests, sends them. Runs in a thread of its own.
//
//   woken ─► a quarter of a second later (or at once, when the ring fills or a flush is wanted)
//         ─► drain the ring ─► batches ─► deliveries ─► asleep again

import { parentPort, workerData } from "node:worker_threads";
import { ExportCounters } from "../export-counters.ts";
import { RingReader } from "../shared-ring.ts";
import type { Signal } from "../signal.ts";
import { Delivery } from "./delivery.ts";
import type { DeliveryFault } from "./delivery-fault.ts";
import { Intake, SIGNALS } from "./intake.ts";
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
// Else the service's thread is at its end, and has read the ring itself.
if (!reader.begin()) process.exit();
const counters = new ExportCounters(start.counters);
const intake = new Intake(start, counters);
const deliveries = new Map<Signal, Delivery>();
const onDisk = new Map<Signal, Spool>();
let note: UnsettledNote | undefined;
let noting: NodeJS.Timeout | undefined;
let timer: NodeJS.Timeout | undefined;
let flushed = 0;
let flushing = false;

await openPipes();
parentPort?.on("message", (message: unknown) => {
  if (message === "close") {
    for (const delivery of deliveries.values()) delivery.close();
    parentPort?.close();
    return;
  }
  if (Array.isArray(message)) {
    const [id, text] = message as [number, string];
    intake.define(id, text);
  }
  wake();
});
// What was written before this worker listened did not wake it.
wake();

async function openPipes(): Promise<void> {
  const spools = spoolOpener(settings.spool, counters);
  note = spools.note;
  for (const signal of SIGNALS) {
    const endpoint = settings.endpoints[signal];
    if (endpoint === undefined) continue;
    const spool = spools.open(signal);
    if (spool !== undefined) onDisk.set(signal, spool);
    const tell = (about: DeliveryFault["about"], reason: string | undefined): void => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the service's thread, not a window
      parentPort?.postMessage({ signal, about, reason } satisfies DeliveryFault);
    };
    const delivery = new Delivery({
      signal,
      sender: await openSender(endpoint, signal, (fault) => tell("certificates", fault)),
      spool,
      counters,
      limits: settings.batch,
      random: Math.random,
      onFault: (reason) => tell("request", reason),
    });
    deliveries.set(signal, delivery);
    // What a process before this one left behind.
    delivery.start();
  }
  if (note === undefined) return;
  setInterval(() => {
    spools.look();
    for (const delivery of deliveries.values()) delivery.start();
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
  intake.drain(reader, DRAIN_BYTES);
  for (const [signal, delivery] of deliveries) {
    const batches = intake.cut(signal);
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

/** Sends or spools everything that is there now, then says so. */
async function flush(): Promise<void> {
  if (flushing) return;
  flushing = true;
  while (reader.flushWanted !== flushed) {
    const wanted = reader.flushWanted;
    const deadlineMs = performance.now() + reader.flushLeftMs - SPOOL_TIME_MS;
    intake.drain(reader, Infinity);
    await Promise.all(
      [...deliveries].map(async ([signal, delivery]) => {
        delivery.put(intake.cut(signal));
        await delivery.finish(deadlineMs);
      }),
    );
    note?.write(onDisk);
    flushed = wanted;
    reader.flushed(
      wanted,
      [...deliveries.values()].every((delivery) => delivery.isSafe),
    );
  }
  flushing = false;
  wake();
}
