// A process that records errors until it is killed, and tells each that was taken.
//
//   node error-writer.ts FOLDER

import { writeSync } from "node:fs";
import { EmbeddedErrorStore } from "../../src/store/errors/embedded-error-store.ts";
import { madeOccurrence } from "./made-occurrence.ts";

const [folder = ""] = process.argv.slice(2);
const store = await EmbeddedErrorStore.open({ folder, now: Date.now, snapshotBytes: 50_000 });

async function write(): Promise<void> {
  for (let number = 0; ; number++) {
    writeSync(1, "sent\n");
    await store.record([madeOccurrence(number, 20)]);
    writeSync(1, "taken\n");
  }
}

await Promise.all([write(), write(), write()]);
