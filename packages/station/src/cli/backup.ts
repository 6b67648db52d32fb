// flx backup: a consistent copy of all that a station has, while it goes on.
//
//   flx backup create               asks a station, which writes it where its configuration says
//   flx backup verify BACKUP        reads every byte
//   flx backup restore BACKUP --data DIR

import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bytes, FlxError, formatByteSize } from "@flx/model";
import { printable } from "../base/printable.ts";
import type { BackupState } from "../store/backup/backups.ts";
import { restoreBackup } from "../store/backup/restore-backup.ts";
import { verifyBackup } from "../store/backup/verify-backup.ts";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { withStation } from "./records/ask.ts";
import {
  clientHelp,
  clientOptionSpecs,
  EXIT_FAILED,
  type StationClient,
  StationError,
} from "./station-client.ts";

const help = `Usage: flx backup create [--name NAME] [OPTIONS]
       flx backup verify BACKUP
       flx backup restore BACKUP --data DIR

create asks a station to write a backup into its folder of backups (store.backups; default: backups in its data
folder), and waits for it. Metrics, spans, logs and error groups: everything acknowledged before is in it.
verify reads every byte of a backup and says which files are not what was written. restore makes a data folder of it
for flx up --data DIR; the folder must be empty, or not be there.

Options:
  --name NAME                of the backup (default: the time)
  --data DIR                 restore: the data folder to be made
  --json                     print what the API answers, or what was found
${clientHelp}
Exit codes:
  0   made, sound, restored
  1   refused or failed; verify: something is damaged
  2   no station answered
  64  the command line is wrong
`;

const optionSpecs = {
  name: { value: "NAME" },
  data: { value: "DIR" },
  json: {},
  ...clientOptionSpecs,
} as const;

const LOOK_EVERY_MS = 200;

/** The command. */
export const backup: Command = { help, run };

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, optionSpecs);
  const [action, folder, ...more] = words;
  if (more.length > 0) throw new UsageError("one backup at a time");
  try {
    switch (action) {
      case "create":
        if (folder !== undefined) throw new UsageError("a backup's name is given with --name");
        return await create(options, terminal);
      case "verify":
        return await verify(given(folder), options, terminal);
      case "restore":
        return await restore(given(folder), options, terminal);
      case undefined:
      default:
        throw new UsageError("create, verify or restore?");
    }
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    terminal.error(`flx backup: ${printable(error.message, 2_000)}\n`);
    return EXIT_FAILED;
  }
}

function given(folder: string | undefined): string {
  if (folder === undefined) throw new UsageError("which backup? Give its folder");
  return resolve(folder);
}

async function create(options: ReadonlyMap<string, string>, terminal: Terminal): Promise<number> {
  const name = options.get("name");
  return await withStation("backup", options, terminal, async (client) => {
    const form = name === undefined ? {} : { name };
    const begun = (await client.data("/api/v1/backups", form)).data as BackupState;
    const ended = await waitFor(client, begun);
    if (ended.state === "failed") throw new StationError(ended.error ?? "it failed", EXIT_FAILED);
    const size = formatByteSize((ended.bytes ?? 0) as Bytes);
    const line = options.has("json")
      ? JSON.stringify(ended)
      : `${printable(ended.path, 1_000)}: ${ended.files} files, ${size}`;
    terminal.out(`${line}\n`);
  });
}

async function waitFor(client: StationClient, begun: BackupState): Promise<BackupState> {
  let last = begun;
  while (last.state === "running") {
    await sleep(LOOK_EVERY_MS);
    last = (await client.get(`/api/v1/backups/${encodeURIComponent(begun.name)}`)) as BackupState;
  }
  return last;
}

async function verify(
  folder: string,
  options: ReadonlyMap<string, string>,
  terminal: Terminal,
): Promise<number> {
  const { manifest, bytes, damaged, strange } = await verifyBackup(folder);
  if (options.has("json")) {
    const { name, startedMs, files } = manifest;
    const found = { name, startedMs, files: files.length, bytes, damaged, strange };
    terminal.out(`${JSON.stringify(found)}\n`);
  } else {
    for (const { path, reason } of damaged) terminal.out(`${path}: ${printable(reason)}\n`);
    for (const path of strange) {
      terminal.out(`${printable(path)}: not part of the backup, and not restored\n`);
    }
    const size = formatByteSize(bytes as Bytes);
    const count = `${manifest.files.length} files, ${size}, of ${timeOf(manifest.startedMs)}`;
    terminal.out(`${count}: ${damaged.length === 0 ? "sound" : `${damaged.length} damaged`}\n`);
  }
  return damaged.length === 0 ? 0 : EXIT_FAILED;
}

async function restore(
  folder: string,
  options: ReadonlyMap<string, string>,
  terminal: Terminal,
): Promise<number> {
  const data = options.get("data");
  if (data === undefined) throw new UsageError("restore needs --data DIR, a folder that is empty");
  const { startedMs, files } = await restoreBackup(folder, resolve(data));
  const summary = { data: resolve(data), startedMs, files: files.length };
  terminal.out(
    options.has("json")
      ? `${JSON.stringify(summary)}\n`
      : `${files.length} files of ${timeOf(startedMs)} are in ${data}. Next: flx up --data ${data}\n`,
  );
  return 0;
}

function timeOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
