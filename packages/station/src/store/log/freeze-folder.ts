// Files as they are at a moment, under names of their own: hard links, which cost nothing and hold no writer up.
//
// Only for files that are never changed in place: closed segments, snapshots, windows. Where there are no hard links they
// are copied.

import { copyFile, link, mkdir, readdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

/** What a disk says that has no hard links, or none from there to here. */
const NO_LINKS: ReadonlySet<string> = new Set([
  "EXDEV",
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
]);

/**
 * Gives the files of a folder a second name in another one; those that go away meanwhile are passed over.
 *
 * @param to is made when it is not there
 */
export async function freezeFolder(
  from: string,
  to: string,
  isWanted: (name: string) => boolean,
): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o750 });
  for (const name of await readdir(from)) {
    if (!isWanted(name)) continue;
    try {
      if (!(await linked(join(from, name), join(to, name)))) {
        await copyWithTime(join(from, name), join(to, name));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** Gives a file a second name; false when the disk cannot. */
export async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

async function copyWithTime(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const { atime, mtime } = await stat(from);
  await utimes(to, atime, mtime);
}
