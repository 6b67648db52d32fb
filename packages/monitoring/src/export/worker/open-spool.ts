// The spool of a signal, when the settings have one; and the note of what is not in it yet.

import type { ExportCounters } from "../export-counters.ts";
import type { SpoolSettings } from "../export-settings.ts";
import type { Signal } from "../signal.ts";
import { DiskSpool, SpoolFolder } from "./disk-spool.ts";
import type { Spool } from "./spool.ts";
import { UnsettledNote } from "./unsettled.ts";

/** What is opened. */
export interface SpoolOpener {
  open(signal: Signal): Spool | undefined;
  readonly note: UnsettledNote | undefined;
}

/** Opens spools in one folder. */
export function spoolOpener(
  settings: SpoolSettings | undefined,
  counters: ExportCounters,
): SpoolOpener {
  if (settings === undefined) return { open: () => undefined, note: undefined };
  const folder = new SpoolFolder(settings.folder);
  const note = new UnsettledNote(folder, counters);
  note.adopt();
  return { open: (signal) => new DiskSpool(folder, signal, settings, counters), note };
}
