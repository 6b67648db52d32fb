// The backups of a station that runs: one at a time, by name, in the background, so that no request has to wait.

import { join } from "node:path";
import { FlxError } from "@flx/model";
import { type BackupSource, createBackup } from "./create-backup.ts";

/** A backup that was asked for. */
export interface BackupState {
  readonly name: string;
  readonly path: string;
  readonly state: "running" | "done" | "failed";
  /** Unix milliseconds. */
  readonly startedMs: number;
  /** Once it is done. */
  readonly files?: number;
  readonly bytes?: number;
  /** Once it failed. */
  readonly error?: string;
}

/** Names of folders that need no quotes anywhere. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const MAX_REMEMBERED = 100;

/** Makes backups. */
export class Backups {
  readonly #folder: string;
  readonly #source: BackupSource;
  readonly #states = new Map<string, BackupState>();
  #running: Promise<void> | undefined;

  /** @param folder where backups are, each a folder */
  constructor(folder: string, source: BackupSource) {
    this.#folder = folder;
    this.#source = source;
  }

  /**
   * Begins a backup.
   *
   * @param name default: the time, as 20260131T235959Z
   * @throws {FlxError} `FLX_BACKUP_NAME` when it is no name, `FLX_BACKUP_BUSY` when another one is being made
   */
  start(name: string = nameAt(this.#source.now())): BackupState {
    if (!NAME.test(name) || name.endsWith(".draft")) {
      const shown = JSON.stringify(name.slice(0, 80));
      throw new FlxError("FLX_BACKUP_NAME", `${shown} is no name: up to 64 of A-Z a-z 0-9 _ . -`);
    }
    if (this.#running !== undefined) {
      throw new FlxError("FLX_BACKUP_BUSY", "a backup is being made; one at a time");
    }
    const startedMs = this.#source.now();
    const begun: BackupState = {
      name,
      path: join(this.#folder, name),
      state: "running",
      startedMs,
    };
    this.#states.delete(name);
    this.#states.set(name, begun);
    if (this.#states.size > MAX_REMEMBERED) {
      this.#states.delete(this.#states.keys().next().value!);
    }
    this.#running = this.#make(begun);
    return begun;
  }

  async #make(begun: BackupState): Promise<void> {
    try {
      const { files } = await createBackup(this.#source, begun.path);
      const bytes = files.reduce((sum, each) => sum + each.bytes, 0);
      this.#states.set(begun.name, { ...begun, state: "done", files: files.length, bytes });
    } catch (error) {
      this.#states.set(begun.name, { ...begun, state: "failed", error: (error as Error).message });
    } finally {
      this.#running = undefined;
    }
  }

  /** What became of a backup that was asked for since the start. */
  get(name: string): BackupState | undefined {
    return this.#states.get(name);
  }

  /** Waits for the one that is being made. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running;
  }
}

function nameAt(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}
