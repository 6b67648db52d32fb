// flx up over a store in memory: a process to test what stands above the store.

import { UsageError } from "../src/cli/command.ts";
import { upCommand } from "../src/cli/up.ts";
import { startStation } from "../src/start-station.ts";
import { openMemoryStore } from "./memory-store.ts";

const command = upCommand((settings) => startStation(settings, openMemoryStore));
try {
  process.exitCode = await command.run(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
  });
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.exitCode = 64;
}
