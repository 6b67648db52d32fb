// `shop stop`: for when the terminal of `shop up` is not at hand.

import { setTimeout as sleep } from "node:timers/promises";
import { findShop } from "../supervisor/shop-file.ts";
import type { Given } from "./arguments.ts";
import { CommandError, dataFolderOf } from "./command.ts";
import { askControl } from "./control-client.ts";

const patienceMs = 20_000;
const lookEveryMs = 50;

/** Asks the running shop to stop and waits until it has. */
export async function stop(given: Given): Promise<number> {
  const dataFolder = dataFolderOf(given);
  await askControl(dataFolder, "POST", "/stop");
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookEveryMs) {
    if (findShop(dataFolder) === undefined) {
      console.log("the shop has stopped.");
      return 0;
    }
    // oxlint-disable-next-line no-await-in-loop -- looking again after a while
    await sleep(lookEveryMs);
  }
  throw new CommandError(
    "the shop was asked to stop and is still there; press Ctrl-C in its terminal",
  );
}
