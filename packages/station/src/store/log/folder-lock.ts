// One process at a time writes in a data folder.
//
//   FOLDER/lock      { "pid": 4711, "started": "12345678" }
//
// A lock of a process that is gone is taken over: its number may be another process' by now, so the time at which that
// number was given out (Linux: /proc/PID/stat) must be the same as well.

import { existsSync } from "node:fs";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FlxError } from "@flx/model";
import { fileFault } from "../../base/file-fault.ts";

interface Holder {
  readonly pid: number;
  readonly started: string;
}

/** A folder that is ours until it is disposed of. */
export class FolderLock implements AsyncDisposable {
  static readonly #held = new Set<string>();
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes a folder; it is made when it is not there.
   *
   * @throws {FlxError} `FLX_STORE_LOCKED` when another process has it, `FLX_STORE_DISK` when it cannot be written
   */
  static async take(folder: string): Promise<FolderLock> {
    const path = join(folder, "lock");
    try {
      await makeFolder(folder);
      for (let attempt = 0; attempt < 5; attempt++) {
        if (await create(path)) {
          FolderLock.#held.add(path);
          return new FolderLock(path);
        }
        const holder = await holderOf(path);
        if (holder !== undefined && (await isAlive(holder, FolderLock.#held.has(path)))) {
          throw new FlxError(
            "FLX_STORE_LOCKED",
            `${folder} is used by process ${holder.pid}; stop it, or give this one another folder`,
          );
        }
        await rm(path, { force: true });
      }
    } catch (error) {
      if (error instanceof FlxError) throw error;
      throw new FlxError("FLX_STORE_DISK", `cannot use ${folder}: ${fileFault(error)}`, {
        cause: error,
      });
    }
    throw new FlxError("FLX_STORE_LOCKED", `${folder} is being taken by others`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    FolderLock.#held.delete(this.#path);
    await rm(this.#path, { force: true });
  }
}

/** Makes a folder and those above it. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o750 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // That is what Node says of any folder that it cannot make; made alone, the first that is missing says why.
    let missing = resolve(folder);
    while (!existsSync(dirname(missing))) missing = dirname(missing);
    await mkdir(missing, { mode: 0o750 });
    await mkdir(folder, { recursive: true, mode: 0o750 });
  }
}

async function create(path: string): Promise<boolean> {
  try {
    await using file = await open(path, "wx", 0o640);
    const holder: Holder = { pid: process.pid, started: await startOf(process.pid) };
    await file.writeFile(`${JSON.stringify(holder)}\n`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const text = (await readFile(path, "utf8")).slice(0, 1_000);
    const { pid, started } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === "number" && pid > 0 ? { pid, started: String(started) } : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, started }: Holder, isHeldHere: boolean): Promise<boolean> {
  if (pid === process.pid) return isHeldHere;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is a process.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = await startOf(pid);
  return now === "" || started === "" || now === started;
}

/** When a process began, in the kernel's ticks; "" where that cannot be known. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
