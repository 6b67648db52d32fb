// One run of a pipeline at a time, whoever starts it: a file that holds the id of the process that runs it.
// A lock whose process is gone (a crash, kill -9) counts for nothing.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Somebody else runs this pipeline just now. */
export class PipelineBusyError extends Error {
  override readonly name = "PipelineBusyError";
  readonly code = "pipeline_busy";
}

/** Takes the lock of a pipeline, released on dispose; throws a PipelineBusyError. */
export function lockPipeline(dataFolder: string, pipeline: string): Disposable {
  const file = join(dataFolder, `${pipeline}.lock`);
  const holder = holderOf(file);
  if (holder !== undefined) throw busy(pipeline, holder);
  rmSync(file, { force: true });
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
  } catch (error) {
    // Somebody was quicker between our look and our write.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw busy(pipeline, holderOf(file));
    throw error;
  }
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

function busy(pipeline: string, holder: number | undefined): PipelineBusyError {
  const who = holder === undefined ? "" : ` (process ${holder})`;
  return new PipelineBusyError(`${pipeline} is already running${who}; wait until it has finished`);
}

function holderOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}
