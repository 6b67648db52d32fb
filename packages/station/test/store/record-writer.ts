// A process that writes spans and logs until it is killed, and tells what was acknowledged: "spans 17".
//
//   node record-writer.ts FOLDER FIRST      requests are numbered from FIRST on; the number is the seed of what is in it

import { writeSync } from "node:fs";
import { EmbeddedRecords } from "../../src/store/records/embedded-records.ts";
import type { RecordSignal } from "../../src/store/records/record-keeper.ts";
import { madeLogs, madeSpans } from "./made-records.ts";
import { RECORDS_EACH, requestStartMs } from "./numbered-requests.ts";

const [folder = "", first = "1"] = process.argv.slice(2);
const keep = { windowMs: 7_200_000, maxWindowRecords: 600, retentionMs: 0, maxBytes: 0 };
const records = await EmbeddedRecords.open({
  folder,
  keep: { spans: keep, logs: keep },
  memoryBytes: 128 * 1024 * 1024,
  threads: 1,
});
writeSync(1, "ready\n");

let next = Number(first);

async function write(signal: RecordSignal): Promise<void> {
  for (;;) {
    const number = next++;
    const startMs = requestStartMs(number);
    const made =
      signal === "spans"
        ? madeSpans(number, { count: RECORDS_EACH, startMs, traces: 1_000 })
        : madeLogs(number, { count: RECORDS_EACH, startMs, first: 1 });
    writeSync(1, `sent ${signal} ${number}\n`);
    await records.append(signal, made.request, RECORDS_EACH);
    writeSync(1, `${signal} ${number}\n`);
  }
}

/** Windows are closed all the time, so that some kills come in the middle of it. */
async function close(): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    await records.closeWindow("spans");
    await records.closeWindow("logs");
  }
}

await Promise.all([write("spans"), write("spans"), write("logs"), close()]);
