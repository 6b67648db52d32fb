// The pipeline `nightly-import`: files of marketplace orders become rows of orders.db.
//
//   inbox/*.ndjson ─ read lines ─ check ─┬─ transform ─ write, 50 a transaction ─> orders.db
//                                        └─ rejects/FILE with line, reason, row
//
// A bad row is normal and goes to the rejects; anything thrown is a bug and fails the run. The file then stays in the
// inbox, with the batches before the failure written, and the next run goes over it again.

import { createWriteStream, readdirSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import type { DatabaseSync } from "node:sqlite";
import type { Log } from "../log.ts";
import type { Folders } from "./folders.ts";
import { createImportWriter, type ImportWriter } from "./import-writer.ts";
import { checkLine } from "./marketplace-order.ts";
import { addCounts, noRows, type RowCounts } from "./row-counts.ts";
import { transform, type ImportedOrder } from "./transform.ts";

const batchSize = 50;

/** Imports every file of the inbox, by name; throws at the first row that breaks the transform. */
export async function nightlyImport(
  folders: Folders,
  database: DatabaseSync,
  log: Log,
): Promise<RowCounts> {
  const writer = createImportWriter(database);
  let counts = noRows;
  for (const file of readdirSync(folders.inbox)
    .filter((name) => name.endsWith(".ndjson"))
    .toSorted()) {
    // oxlint-disable-next-line no-await-in-loop -- files are imported in order, one after the other
    const ofFile = await importFile(folders, file, writer);
    log.info("file imported", { file, ...ofFile });
    counts = addCounts(counts, ofFile);
  }
  return counts;
}

async function importFile(
  folders: Folders,
  file: string,
  writer: ImportWriter,
): Promise<RowCounts> {
  const rejectsFile = join(folders.rejects, file);
  const rejects = createWriteStream(rejectsFile);
  const input = await open(join(folders.inbox, file));
  const counts = { read: 0, written: 0, skipped: 0, rejected: 0 };
  let batch: ImportedOrder[] = [];
  const flush = (): void => {
    const written = writer.write(batch);
    counts.written += written;
    counts.skipped += batch.length - written;
    batch = [];
  };

  try {
    for await (const line of input.readLines()) {
      if (line.trim() === "") continue;
      counts.read += 1;
      const checked = checkLine(line);
      if (checked.kind === "order") {
        batch.push(transformLine(file, counts.read, () => transform(checked.order)));
      } else {
        counts.rejected += 1;
        rejects.write(
          `${JSON.stringify({ line: counts.read, reason: checked.reason, row: line })}\n`,
        );
      }
      if (batch.length === batchSize) flush();
    }
    flush();
  } finally {
    await input.close();
    rejects.end();
    await finished(rejects);
  }
  if (counts.rejected === 0) rmSync(rejectsFile);
  renameSync(join(folders.inbox, file), join(folders.done, file));
  return counts;
}

function transformLine<T>(file: string, line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${file}, row ${line}: ${(error as Error).message}`, { cause: error });
  }
}
