// Files of an archive that were brought here, within a budget of bytes: the one not used for longest goes first.
//
//   need(name) ─► there? its path : room made ─► brought as NAME.draft ─► checked ─► renamed ─► its path
//
// A file that was asked for in the last minutes stays, because a question may be reading it; one that would need more than
// the budget with all of those is refused. Nothing is kept over a restart.

import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Bytes, FlxError, formatByteSize } from "@flx/model";

/** How a cache is kept. */
export interface FileCacheOptions {
  /** A folder of its own: what is in it is removed. */
  readonly folder: string;
  readonly maxBytes: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Files asked for so short a time ago stay. Default 5 minutes: longer than a question may take. */
  readonly keepMs?: number;
}

interface Entry {
  readonly path: string;
  readonly bytes: number;
  usedMs: number;
}

/** Files that were brought. */
export class FileCache {
  readonly #options: FileCacheOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #bringing = new Map<string, Promise<string>>();
  #bytes = 0;

  private constructor(options: FileCacheOptions) {
    this.#options = options;
  }

  /** An empty cache. */
  static async open(options: FileCacheOptions): Promise<FileCache> {
    await rm(options.folder, { recursive: true, force: true });
    await mkdir(options.folder, { recursive: true, mode: 0o750 });
    return new FileCache(options);
  }

  /** Of files that are there or on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a file is there. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /**
   * The path of a file; it is brought when it is not there.
   *
   * @param bring writes it to a path, and throws when it is not what it should be
   * @throws {FlxError} `FLX_ARCHIVE_CACHE` when it does not fit beside those in use; what `bring` throws
   */
  async need(key: string, bytes: number, bring: (to: string) => Promise<void>): Promise<string> {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.usedMs = this.#options.now();
      // The last one is the one used last.
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.path;
    }
    let bringing = this.#bringing.get(key);
    if (bringing === undefined) {
      bringing = this.#bring(key, bytes, bring);
      this.#bringing.set(key, bringing);
      bringing.catch(() => undefined).finally(() => this.#bringing.delete(key));
    }
    return await bringing;
  }

  async #bring(key: string, bytes: number, bring: (to: string) => Promise<void>): Promise<string> {
    const path = join(this.#options.folder, key.replaceAll("/", "-"));
    this.#bytes += bytes;
    try {
      await this.#makeRoom(bytes);
      await rm(`${path}.draft`, { force: true });
      await bring(`${path}.draft`);
      await rename(`${path}.draft`, path);
    } catch (error) {
      this.#bytes -= bytes;
      await rm(`${path}.draft`, { force: true }).catch(() => undefined);
      throw error;
    }
    this.#entries.set(key, { path, bytes, usedMs: this.#options.now() });
    return path;
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { maxBytes, now, keepMs = 300_000 } = this.#options;
    const unusedMs = now() - keepMs;
    for (const [key, entry] of this.#entries) {
      if (this.#bytes <= maxBytes) return;
      if (entry.usedMs > unusedMs) continue;
      this.#entries.delete(key);
      this.#bytes -= entry.bytes;
      await rm(entry.path, { force: true });
    }
    if (this.#bytes <= maxBytes) return;
    const size = (n: number): string => formatByteSize(n as Bytes);
    throw new FlxError(
      "FLX_ARCHIVE_CACHE",
      `${size(bytes)} of the archive do not fit into its cache of ${size(maxBytes)} beside what was asked in the last ` +
        "minutes: ask for a shorter time, or give store.archive.cache more",
    );
  }
}
