// The rollups of a folder of windows: made one after the other, in the background, and found.
//
//   FOLDER/metrics/windows/1767225600000.window
//   FOLDER/metrics/rollups/5m/1767225600000.window        the same format, fewer samples (rollup.ts)
//                          1h/1767225600000.window
//
// What is missing or damaged is made anew from the window; questions read the window until then.

import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Resolution, RESOLUTIONS } from "./rollup.ts";
import { rollUpWindowFile } from "./window-file.ts";

/** A window that may have rollups. */
export interface RolledWindow {
  readonly startMs: number;
  readonly path: string;
}

const NAME = /^(-?\d{1,16})\.window$/;

/** The rollups. */
export class Rollups {
  readonly #folder: string;
  readonly #there: ReadonlyMap<Resolution, Set<number>>;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#there = new Map(RESOLUTIONS.map((resolution) => [resolution, new Set()]));
  }

  /**
   * Finds what there is of some windows; the rest is removed.
   *
   * @throws {Error} of the disk
   */
  static async open(folder: string, windows: readonly RolledWindow[]): Promise<Rollups> {
    const rollups = new Rollups(folder);
    const known = new Set(windows.map(({ startMs }) => startMs));
    for (const [resolution, there] of rollups.#there) {
      const place = join(folder, resolution.name);
      await mkdir(place, { recursive: true });
      for (const name of await readdir(place)) {
        const startMs = Number(NAME.exec(name)?.[1] ?? Number.NaN);
        if (known.has(startMs)) there.add(startMs);
        else await rm(join(place, name), { force: true });
      }
    }
    return rollups;
  }

  /** The file of a window's rollup; undefined: there is none. */
  pathOf({ startMs }: RolledWindow, resolution: Resolution): string | undefined {
    const isThere = this.#there.get(resolution)!.has(startMs);
    return isThere ? this.#pathOf(startMs, resolution) : undefined;
  }

  #pathOf(startMs: number, resolution: Resolution): string {
    return join(this.#folder, resolution.name, `${startMs}.window`);
  }

  /**
   * Makes what a window lacks.
   *
   * @param pause called between blocks
   * @throws {FlxError} `FLX_STORE_DAMAGED` when the window is damaged; {Error} of the disk
   */
  async make({ startMs, path }: RolledWindow, pause: () => Promise<void>): Promise<void> {
    for (const [resolution, there] of this.#there) {
      if (there.has(startMs)) continue;
      await rollUpWindowFile(path, this.#pathOf(startMs, resolution), resolution.ms, pause);
      there.add(startMs);
    }
  }

  /** Removes those of a window; the paths that are not there any more. */
  async remove(startMs: number): Promise<readonly string[]> {
    const paths: string[] = [];
    for (const [resolution, there] of this.#there) {
      there.delete(startMs);
      const path = this.#pathOf(startMs, resolution);
      paths.push(path);
      await rm(path, { force: true });
    }
    return paths;
  }
}
