// flx archive: what is in an archive of closed windows, and a data folder made of it. Needs no station.
//
//   flx archive ls /mnt/archive
//   flx archive restore --config flx.yml --data DIR --from 2026-01-01 --to 2026-02-01

import { resolve } from "node:path";
import { type Bytes, FlxError, formatByteSize } from "@flx/model";
import { printable } from "../base/printable.ts";
import { ConfigError } from "../config/problem.ts";
import { type ArchiveConfig, archivePlace } from "../store/archive/archive-config.ts";
import type { ArchivedWindow } from "../store/archive/archive-name.ts";
import type { ArchivePlace } from "../store/archive/archive-place.ts";
import {
  type ArchiveRange,
  listArchive,
  restoreArchive,
} from "../store/archive/restore-archive.ts";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";

const help = `Usage: flx archive ls FOLDER | --config FILE [OPTIONS]
       flx archive restore FOLDER | --config FILE --data DIR [OPTIONS]

ls lists the windows of an archive: a folder, or what store.archive of a configuration says. restore makes a data
folder of them, for flx up --data DIR; the folder must be empty, or not be there. A station that has the archive in its
configuration answers from it by itself: restore is for a data folder that was lost, or to look at a time elsewhere.

Options:
  --config FILE      the archive of this configuration
  --data DIR         restore: the data folder to be made
  --from TIME        windows with something at or after it: 2026-01-31, 2026-01-31T12:00:00Z or Unix seconds
  --to TIME          windows with something at or before it
  --json             print windows as JSON

Exit codes:
  0   listed, restored
  1   the archive cannot be read, a window is damaged, the folder is not empty
  2   the configuration cannot be used
  64  the command line is wrong
`;

const optionSpecs = {
  config: { value: "FILE" },
  data: { value: "DIR" },
  from: { value: "2026-01-31" },
  to: { value: "2026-02-28" },
  json: {},
} as const;

/** The archive of a configuration; undefined: it has none. */
export type ArchiveReader = (file: string) => Promise<ArchiveConfig | undefined>;

/** The command over something that reads configurations. */
export function archiveCommand(read: ArchiveReader): Command {
  return { help, run: (args, terminal) => run(read, args, terminal) };
}

async function run(
  read: ArchiveReader,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { options, words } = readArguments(args, optionSpecs);
  const [action, folder, ...more] = words;
  if (more.length > 0) throw new UsageError("one archive at a time");
  if (action !== "ls" && action !== "restore") throw new UsageError("ls or restore?");
  const range = { fromMs: timeOf(options, "from", -8.64e15), toMs: timeOf(options, "to", 8.64e15) };
  const isJson = options.has("json");
  try {
    const place = await placeOf(read, folder, options.get("config"));
    if (action === "ls") show(await listArchive(place, range), isJson, terminal);
    else await restore(place, range, options, terminal);
    return 0;
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    terminal.error(`flx archive: ${printable(error.message, 2_000)}\n`);
    return error instanceof ConfigError || error.code.startsWith("FLX_CONFIG") ? 2 : 1;
  }
}

async function placeOf(
  read: ArchiveReader,
  folder: string | undefined,
  config: string | undefined,
): Promise<ArchivePlace> {
  if ((folder === undefined) === (config === undefined)) {
    throw new UsageError("which archive? Give a folder, or --config FILE");
  }
  if (folder !== undefined) return archivePlace({ path: resolve(folder), s3: undefined });
  const found = await read(config!);
  if (found !== undefined) return archivePlace(found);
  throw new FlxError("FLX_CONFIG_VALUE", `${config} has no store.archive`);
}

async function restore(
  place: ArchivePlace,
  range: ArchiveRange,
  options: ReadonlyMap<string, string>,
  terminal: Terminal,
): Promise<void> {
  const data = options.get("data");
  if (data === undefined) throw new UsageError("restore needs --data DIR, a folder that is empty");
  const windows = await restoreArchive(place, range, resolve(data));
  if (options.has("json")) show(windows, true, terminal);
  else terminal.out(`${windows.length} windows are in ${data}. Next: flx up --data ${data}\n`);
}

function show(windows: readonly ArchivedWindow[], isJson: boolean, terminal: Terminal): void {
  if (isJson) {
    terminal.out(`${JSON.stringify(windows)}\n`);
    return;
  }
  for (const { signal, minTimeMs, maxTimeMs, records, bytes } of windows) {
    const time = `${isoOf(minTimeMs)}  ${isoOf(maxTimeMs)}`;
    const size = formatByteSize(bytes as Bytes);
    terminal.out(`${signal.padEnd(8)}${time}  ${String(records).padStart(12)}  ${size}\n`);
  }
  const bytes = windows.reduce((sum, each) => sum + each.bytes, 0);
  terminal.out(`${windows.length} windows, ${formatByteSize(bytes as Bytes)}\n`);
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19) + "Z";
}

function timeOf(options: ReadonlyMap<string, string>, name: string, otherwise: number): number {
  const text = options.get(name);
  if (text === undefined) return otherwise;
  const timeMs = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
  if (Number.isFinite(timeMs)) return timeMs;
  throw new UsageError(`--${name} is a time like 2026-01-31T12:00:00Z, not ${printable(text)}`);
}
