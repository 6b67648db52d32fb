// shop.json in the data folder: who runs the shop there and on which ports, for the commands that talk to it.

import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ports } from "./ports.ts";

export type ShopFile = {
  readonly pid: number;
  readonly ports: Ports;
  readonly tls: boolean;
  readonly startedAtMs: number;
};

const name = "shop.json";

/** The shop that runs on this data folder, or undefined when none does. */
export function findShop(dataFolder: string): ShopFile | undefined {
  try {
    const shop = JSON.parse(readFileSync(join(dataFolder, name), "utf8")) as ShopFile;
    process.kill(shop.pid, 0);
    return shop;
  } catch {
    return undefined;
  }
}

/** Says that this process runs the shop; gone again on dispose. */
export function announceShop(dataFolder: string, shop: ShopFile): Disposable {
  const path = join(dataFolder, name);
  writeFileSync(`${path}.new`, `${JSON.stringify(shop, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}
