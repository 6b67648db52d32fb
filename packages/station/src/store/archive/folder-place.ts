// An archive in a folder: another disk, a share. Files are written under another name, made durable, renamed.

import { copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FlxError } from "@flx/model";
import { copyFileDurably } from "../backup/copy-file.ts";
import { syncFolder } from "../log/sync-folder.ts";
import { ARCHIVED_SIGNALS } from "./archive-name.ts";
import type { ArchivePlace, PlacedFile } from "./archive-place.ts";

/** An archive in a folder; it is made when something is put there. */
export class FolderPlace implements ArchivePlace {
  readonly where: string;

  /** @param folder an absolute path */
  constructor(folder: string) {
    this.where = folder;
  }

  list(): Promise<readonly PlacedFile[]> {
    return this.#tried("list", async () => {
      const found: PlacedFile[] = [];
      for (const signal of ARCHIVED_SIGNALS) {
        const names = await readdir(join(this.where, signal)).catch(emptyWhenMissing);
        for (const each of names) {
          if (each.endsWith(".draft")) continue;
          const { size } = await stat(join(this.where, signal, each));
          found.push({ name: `${signal}/${each}`, bytes: size });
        }
      }
      return found;
    });
  }

  put(name: string, path: string): Promise<void> {
    return this.#tried(`put ${name} into`, async () => {
      const to = this.pathOf(name);
      const draft = `${to}.draft`;
      await mkdir(dirname(to), { recursive: true, mode: 0o750 });
      await rm(draft, { force: true });
      try {
        await copyFileDurably(path, draft);
        await rename(draft, to);
      } catch (error) {
        await rm(draft, { force: true }).catch(() => undefined);
        throw error;
      }
      await syncFolder(dirname(to));
    });
  }

  get(name: string, to: string, maxBytes: number): Promise<void> {
    return this.#tried(`get ${name} from`, async () => {
      const { size } = await stat(this.pathOf(name));
      if (size > maxBytes) throw new Error(`it has ${size} bytes, more than ${maxBytes}`);
      await copyFile(this.pathOf(name), to);
    });
  }

  remove(name: string): Promise<void> {
    return this.#tried(`remove ${name} from`, () => rm(this.pathOf(name), { force: true }));
  }

  pathOf(name: string): string {
    return join(this.where, name);
  }

  async #tried<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new FlxError("FLX_ARCHIVE_PLACE", `cannot ${what} ${this.where}: ${code ?? message}`, {
        cause: error,
      });
    }
  }
}

function emptyWhenMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}
