// The thread of records: takes messages, hands them to the keeper, sends answers. Started by embedded-records.ts.

import { parentPort, workerData } from "node:worker_threads";
import { FlxError } from "@flx/model";
import { RecordKeeper, type RecordQuestions } from "./record-keeper.ts";
import type { FromRecords, ThreadStart, ToRecords } from "./record-messages.ts";

const port = parentPort!;
const { options } = workerData as ThreadStart;
const underWay = new Map<number, AbortController>();

function send(message: FromRecords): void {
  port.postMessage(message);
}

const keeper = await RecordKeeper.open(options, (signal, position) =>
  send({ kind: "durable", signal, position }),
).catch((error: unknown) => {
  send({ kind: "failed", message: (error as Error).message });
  throw error;
});

port.on("message", (message: ToRecords) => {
  if (message.kind === "append") {
    const { signal, position, bytes, records } = message;
    keeper.append(signal, { position, bytes }, records);
  } else if (message.kind === "cancel") underWay.get(message.id)?.abort();
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

async function answer(message: Exclude<ToRecords, { kind: "append" | "cancel" }>): Promise<void> {
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

async function valueOf(
  message: Exclude<ToRecords, { kind: "append" | "cancel" }>,
  signal: AbortSignal,
): Promise<unknown> {
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
