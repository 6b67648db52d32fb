// A new name in a folder is durable only when the folder is.

import { open } from "node:fs/promises";

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folder; its names are durable without.
  if (process.platform === "win32") return;
  await using handle = await open(folder, "r");
  await handle.sync();
}
