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
  /** Shows that this process is there, and takes over what others, that are no more, have left since. */
  look(): void;
}

/** Opens spools in one folder. */
export function spoolOpener(
  settings: SpoolSettings | undefined,
  counters: ExportCounters,
): SpoolOpener {
  if (settings === undefined) return { open: () => undefined, note: undefined, look: () => {} };
  const folder = new SpoolFolder(settings.folder);
  const note = new UnsettledNote(folder, counters);
  const spools: DiskSpool[] = [];
  note.adopt();
  return {
    open: (signal) => {
      const spool = new DiskSpool(folder, signal, settings, counters);
      spools.push(spool);
      return spool;
    },
    note,
    look: () => {
      folder.touch();
      note.adopt();
      for (const spool of spools) spool.adopt();
    },
  };
}
