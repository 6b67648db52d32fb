// A folder that is gone when the test is over, or at the latest when its process ends by itself.

import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of the test's own; removed with all it holds by `await using` or `remove()`. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Its absolute path. */
  readonly path: string;
  /** The absolute path of something in it. */
  file(name: string): string;
  remove(): Promise<void>;
}

/** Those that are there. */
const paths = new Set<string>();

function removeAll(): void {
  for (const path of paths) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // A server that ends this moment still writes into it.
    }
  }
}

/**
 * Makes an empty folder under the system's temporary folder.
 *
 * @param name a word in its path that tells whose it is
 * @example await using folder = await temporaryFolder("store");
 */
export async function temporaryFolder(name = "test"): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `flx-${name}-`));
  if (paths.size === 0) process.once("exit", removeAll);
  paths.add(path);
  const remove = async (): Promise<void> => {
    // A server that was just stopped may still be unlinking its own files: try again.
    await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    paths.delete(path);
    if (paths.size === 0) process.off("exit", removeAll);
  };
  return {
    path,
    file: (child) => join(path, child),
    remove,
    [Symbol.asyncDispose]: remove,
  };
}
