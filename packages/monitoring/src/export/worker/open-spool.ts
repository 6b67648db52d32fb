// The spool of a signal, when the settings have one.

import type { ExportCounters } from "../export-counters.ts";
import type { SpoolSettings } from "../export-settings.ts";
import type { Signal } from "../signal.ts";
import { DiskSpool, SpoolFolder } from "./disk-spool.ts";
import type { Spool } from "./spool.ts";

/** Opens spools in one folder. */
export function spoolOpener(
  settings: SpoolSettings | undefined,
  counters: ExportCounters,
): (signal: Signal) => Spool | undefined {
  if (settings === undefined) return () => undefined;
  const folder = new SpoolFolder(settings.folder);
  return (signal) => new DiskSpool(folder, signal, settings, counters);
}
