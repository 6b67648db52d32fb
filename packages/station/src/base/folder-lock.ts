// One station on a data folder: a file that says who.
//
//   <folder>/station.lock    {"pid":123,"started":"8812345","startedAt":"2026-11-27T20:00:00.000Z"}
//
// `started` is when the process began, in the kernel's ticks: a number that a later process with the same id does not
// have, so that the file of a station that was killed does not keep the next one out. The file is put there by link(2),
// which fails when it exists.

import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FlxError } from "@flx/model";

interface Holder {
  readonly pid: number;
  readonly started: string;
  readonly startedAt: string;
}

/** A data folder that is ours until it is disposed. */
export class FolderLock implements Disposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Makes the folder when it is not there, and takes it.
   *
   * @throws {FlxError} `FLX_STATION_FOLDER_TAKEN` when another station has it; `FLX_STATION_FOLDER` when it cannot be written
   */
  static take(folder: string): FolderLock {
    const path = join(folder, "station.lock");
    const own = join(folder, `station.lock.${process.pid}`);
    const holder: Holder = {
      pid: process.pid,
      started: processStart(process.pid) ?? "",
      startedAt: new Date().toISOString(),
    };
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(own, `${JSON.stringify(holder)}\n`);
      try {
        if (link(own, path)) return new FolderLock(path);
        const other = holderOf(path);
        if (other !== undefined && isAlive(other)) throw taken(folder, other);
        rmSync(path, { force: true });
        if (link(own, path)) return new FolderLock(path);
        throw taken(folder, holderOf(path));
      } finally {
        rmSync(own, { force: true });
      }
    } catch (cause) {
      if (cause instanceof FlxError) throw cause;
      const { code = "" } = cause as NodeJS.ErrnoException;
      throw new FlxError("FLX_STATION_FOLDER", `cannot write to ${folder}: ${code}`, { cause });
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { force: true });
  }
}

function link(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function taken(folder: string, holder: Holder | undefined): FlxError {
  const who = holder === undefined ? "" : `: process ${holder.pid}, since ${holder.startedAt}`;
  return new FlxError(
    "FLX_STATION_FOLDER_TAKEN",
    `another station has the data folder ${folder}${who}; stop it, or choose another folder with --data`,
  );
}

function holderOf(path: string): Holder | undefined {
  try {
    const { pid, started, startedAt } = JSON.parse(readFileSync(path, "utf8")) as Partial<Holder>;
    if (!Number.isSafeInteger(pid) || typeof started !== "string") return undefined;
    return { pid: pid!, started, startedAt: String(startedAt) };
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Holder): boolean {
  if (pid === process.pid) return started === (processStart(pid) ?? "") && started !== "";
  try {
    process.kill(pid, 0);
  } catch (error) {
    // There, and somebody else's.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = processStart(pid);
  return now === undefined || started === "" || now === started;
}

/** When a process began, in ticks since the machine did; undefined where /proc does not say. */
function processStart(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold anything; what follows it is numbers.
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
