// `shop status`

import type { ChildStatus } from "../supervisor/child.ts";
import type { ShopStatus } from "../supervisor/supervisor.ts";
import type { Given } from "./arguments.ts";
import { dataFolderOf } from "./command.ts";
import { askControl } from "./control-client.ts";
import { tableText, timeText } from "./table.ts";

/** Prints the processes of the running shop and the faults that are on. */
export async function status(given: Given): Promise<number> {
  const shop = await askControl<ShopStatus>(dataFolderOf(given), "GET", "/status");
  console.log(given.options["json"] ? JSON.stringify(shop, undefined, 2) : statusText(shop));
  return 0;
}

function healthText({ health = "-", because }: ChildStatus): string {
  return because.length === 0 ? health : `${health} (${because.join(", ")})`;
}

function statusText({ processes, faultsOn, ports }: ShopStatus): string {
  const rows = processes.map((child) => [
    child.name,
    child.state,
    healthText(child),
    child.version,
    String(child.pid ?? "-"),
    child.uptimeMs > 0 ? timeText(child.uptimeMs) : "-",
    String(child.restarts),
    child.residentBytes === undefined ? "-" : `${Math.round(child.residentBytes / 1e6)} MB`,
  ]);
  return [
    tableText(["PROCESS", "STATE", "HEALTH", "VERSION", "PID", "UP", "RESTARTS", "MEMORY"], rows),
    "",
    `shop http://localhost:${ports.gateway}   control http://localhost:${ports.control}`,
    `faults on: ${faultsOn.length === 0 ? "none" : faultsOn.join(", ")}`,
  ].join("\n");
}
