// A copy of a file that is durable, has the file's time, and whose sum is that of what was read.

import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { BackedUpFile } from "./manifest.ts";

const PIECE = 1024 * 1024;

/**
 * Copies a file; what was read is what is written, and counted.
 *
 * @param to must not be there
 */
export async function copyFileDurably(
  from: string,
  to: string,
): Promise<Omit<BackedUpFile, "path">> {
  await using source = await open(from, "r");
  await using target = await open(to, "wx", 0o640);
  const { atime, mtime } = await source.stat();
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(PIECE);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await source.read(piece, 0, PIECE, bytes);
    if (bytesRead === 0) break;
    hash.update(piece.subarray(0, bytesRead));
    await target.writeFile(piece.subarray(0, bytesRead));
    bytes += bytesRead;
  }
  // Retention goes by the time at which a window was written.
  await target.utimes(atime, mtime);
  await target.sync();
  return { bytes, sha256: hash.digest("hex") };
}
