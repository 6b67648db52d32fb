// The thread of records: takes messages, hands them to the keeper, sends answers. Started by embedded-records.ts.

import { parentPort, workerData } from "node:worker_threads";
import { FlxError, type FlxErrorCode } from "@flx/model";
import type { ArchivedFiles } from "./record-files.ts";
import { RecordKeeper, type RecordQuestions, type RecordSignal } from "./record-keeper.ts";
import type { FromRecords, ThreadStart, ToRecords } from "./record-messages.ts";

const port = parentPort!;
const { options, archived } = workerData as ThreadStart;
const underWay = new Map<number, AbortController>();

/** Messages that are answered. */
type Answered = Exclude<ToRecords, { kind: "append" | "cancel" | "archived" | "brought" }>;

function send(message: FromRecords): void {
  port.postMessage(message);
}

/** Windows that the station's thread is asked to bring from the archive. */
const bringing = new Map<number, PromiseWithResolvers<string>>();
let nextBring = 1;

function archiveOf(signal: RecordSignal): ArchivedFiles {
  return {
    windows: archived?.[signal],
    open: (name) => {
      const id = nextBring++;
      const waiting = Promise.withResolvers<string>();
      bringing.set(id, waiting);
      send({ kind: "bring", id, signal, name });
      return waiting.promise;
    },
    distrust: (name) => send({ kind: "distrust", signal, name }),
  };
}

const archives = { spans: archiveOf("spans"), logs: archiveOf("logs") };
const keeper = await RecordKeeper.open(
  options,
  (signal, position) => send({ kind: "durable", signal, position }),
  archives,
).catch((error: unknown) => {
  send({ kind: "failed", message: (error as Error).message });
  throw error;
});

port.on("message", (message: ToRecords) => {
  if (message.kind === "append") {
    const { signal, position, bytes, records } = message;
    keeper.append(signal, { position, bytes }, records);
  } else if (message.kind === "cancel") underWay.get(message.id)?.abort();
  else if (message.kind === "archived") archives[message.signal].windows = message.windows;
  else if (message.kind === "brought") brought(message);
  else void answer(message);
});
send({
  kind: "ready",
  positions: { spans: keeper.state("spans").position, logs: keeper.state("logs").position },
});
setInterval(
  () =>
    send({ kind: "faults", faults: { spans: keeper.fault("spans"), logs: keeper.fault("logs") } }),
  1_000,
).unref();

function brought({ id, path, code, message }: Extract<ToRecords, { kind: "brought" }>): void {
  const waiting = bringing.get(id);
  bringing.delete(id);
  if (path !== undefined) waiting?.resolve(path);
  else {
    const why = message ?? "it cannot be brought";
    waiting?.reject(new FlxError((code ?? "FLX_STORE_FAILED") as FlxErrorCode, why));
  }
}

async function answer(message: Answered): Promise<void> {
  const { id } = message;
  const aborting = new AbortController();
  underWay.set(id, aborting);
  try {
    send({ kind: "answer", id, value: await valueOf(message, aborting.signal) });
  } catch (error) {
    const code = error instanceof FlxError ? error.code : "FLX_STORE_FAILED";
    send({ kind: "refusal", id, code, message: (error as Error).message });
  } finally {
    underWay.delete(id);
  }
  if (message.kind === "close") port.close();
}

async function valueOf(message: Answered, signal: AbortSignal): Promise<unknown> {
  switch (message.kind) {
    case "ask": {
      const name = message.name as keyof RecordQuestions;
      return await keeper.ask(name, message.question as RecordQuestions[typeof name], signal);
    }
    case "do":
      return await keeper[message.what](message.signal);
    case "freeze":
      return await keeper.freeze(message.signal, message.folder);
    case "lastLogPosition":
      return await keeper.lastLogPosition();
    case "close":
    default:
      return await keeper.close();
  }
}
