// node --import @flx/monitoring/register app.js
//
// Starts monitoring from the configuration alone, before the program's first line, so that instrumentations find the globals. A
// configuration that cannot be is told, and the program runs without monitoring: nobody who runs it has asked for more.

import { startMonitoring } from "./start/start-monitoring.ts";

try {
  await startMonitoring();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`flx: monitoring is not started: ${message}\n`);
}
