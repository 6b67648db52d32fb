// The folders a file of the marketplace travels through.
//
//   inbox/x.ndjson ── imported ──> done/x.ndjson      rows that were refused: rejects/x.ndjson
//        └── the import failed: the file stays and is tried again

import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

export type Folders = {
  readonly inbox: string;
  readonly done: string;
  readonly rejects: string;
  readonly reports: string;
};

const samples = join(import.meta.dirname, "../../data");

/** The folders below the data folder, created when missing. */
export function openFolders(dataFolder: string): Folders {
  const folders = {
    inbox: join(dataFolder, "inbox"),
    done: join(dataFolder, "done"),
    rejects: join(dataFolder, "rejects"),
    reports: join(dataFolder, "reports"),
  };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  return folders;
}

/** Puts the sample files into the inbox, each once. */
export function deliverSamples({ inbox, done }: Folders): void {
  for (const file of readdirSync(samples)) {
    if (!existsSync(join(done, file))) copyFileSync(join(samples, file), join(inbox, file));
  }
}
