// A folder that is gone when the test is over.

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

/**
 * Makes an empty folder under the system's temporary folder.
 *
 * @param name a word in its path that tells whose it is
 * @example await using folder = await temporaryFolder("store");
 */
export async function temporaryFolder(name = "test"): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `flx-${name}-`));
  // A server that was just stopped may still be unlinking its own files: try again.
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  return {
    path,
    file: (child) => join(path, child),
    remove,
    [Symbol.asyncDispose]: remove,
  };
}
