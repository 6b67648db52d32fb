// `shop reindex`: works on orders.db itself, whether the shop is running or not.

import { openOrdersDatabase } from "../orders/database.ts";
import { rebuildSearchIndex } from "../orders/search-index.ts";
import type { Given } from "./arguments.ts";
import { dataFolderOf } from "./command.ts";
import { timeText } from "./table.ts";

const reportEvery = 1000;

/** Builds the search index of orders anew. */
export async function reindex(given: Given): Promise<number> {
  const startedMs = performance.now();
  const database = openOrdersDatabase(dataFolderOf(given));
  try {
    let indexed = 0;
    for (const soFar of rebuildSearchIndex(database)) {
      if (Math.floor(soFar / reportEvery) > Math.floor(indexed / reportEvery)) {
        console.log(`${soFar} orders indexed ...`);
      }
      indexed = soFar;
    }
    console.log(
      `the search index is new: ${indexed} orders in ${timeText(performance.now() - startedMs)}`,
    );
    return 0;
  } finally {
    database.close();
  }
}
