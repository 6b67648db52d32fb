// How a command talks to the shop that runs on a data folder.

import { findShop, type ShopFile } from "../supervisor/shop-file.ts";
import { CommandError } from "./command.ts";

/** The shop running on the folder; throws a CommandError when none does. */
export function runningShop(dataFolder: string): ShopFile {
  const shop = findShop(dataFolder);
  if (shop !== undefined) return shop;
  throw new CommandError(
    `no shop is running on ${dataFolder}.\n` +
      `  Start one with npm start, or name the folder of a running one with --data DIR.`,
  );
}

/** Asks the control API; throws a CommandError with its message when it refuses. */
export async function askControl<T>(
  dataFolder: string,
  method: "GET" | "POST",
  path: string,
  body?: object,
): Promise<T> {
  const { ports } = runningShop(dataFolder);
  const url = `http://127.0.0.1:${ports.control}${path}`;
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const response = await fetch(url, init).catch((error: unknown) => {
    throw new CommandError(`the shop does not answer on ${url}; it may be starting or stopping`, {
      cause: error,
    });
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer as T;
  throw new CommandError((answer as { error: { message: string } }).error.message);
}
