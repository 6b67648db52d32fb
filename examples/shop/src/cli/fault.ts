// `shop fault list`, `shop fault on NAME`, `shop fault off NAME`, `shop fault off all`

import { faults } from "../faults/catalogue.ts";
import type { FaultStatus } from "../supervisor/fault-board.ts";
import { durationMs, unknownWord, UsageError, type Given } from "./arguments.ts";
import { dataFolderOf } from "./command.ts";
import { askControl } from "./control-client.ts";

const actions = ["list", "on", "off"];

/** Lists or switches faults of the running shop. */
export async function fault(given: Given): Promise<number> {
  const [action = "", name] = given.words;
  if (!actions.includes(action)) throw unknownWord("action", action, actions);
  if (action === "list") return list(given);
  const names = faults.map((each) => each.name) as string[];
  if (name === undefined) throw new UsageError(`name a fault: ${names.join(", ")}`);
  if (action === "off" && name === "all") return allOff(given);
  if (!names.includes(name)) throw unknownWord("fault", name, names);
  return switchOne(given, name, action === "on");
}

async function list(given: Given): Promise<number> {
  const answer = await askControl<{ faults: FaultStatus[] }>(dataFolderOf(given), "GET", "/faults");
  if (given.options["json"]) console.log(JSON.stringify(answer.faults, undefined, 2));
  else console.log(answer.faults.map(describe).join("\n\n"));
  return 0;
}

function describe({ name, on, does, shows }: FaultStatus): string {
  return `${on ? "ON " : "off"} ${name}\n      ${does}\n      You see: ${shows}`;
}

async function switchOne(given: Given, name: string, on: boolean): Promise<number> {
  const time = given.options["for"];
  const forSeconds = on && time !== undefined ? durationMs("for", time) / 1000 : undefined;
  const body = forSeconds === undefined ? { on } : { on, forSeconds };
  const answer = await askControl<FaultStatus>(
    dataFolderOf(given),
    "POST",
    `/faults/${name}`,
    body,
  );
  if (given.options["json"]) console.log(JSON.stringify(answer, undefined, 2));
  else console.log(on ? `${name} is on. You see: ${answer.shows}` : `${name} is off.`);
  return 0;
}

async function allOff(given: Given): Promise<number> {
  const folder = dataFolderOf(given);
  const { faults: known } = await askControl<{ faults: FaultStatus[] }>(folder, "GET", "/faults");
  const on = known.filter((each) => each.on);
  await Promise.all(
    on.map(({ name }) => askControl(folder, "POST", `/faults/${name}`, { on: false })),
  );
  console.log(
    on.length === 0 ? "no fault was on." : `${on.map(({ name }) => name).join(", ")}: off.`,
  );
  return 0;
}
