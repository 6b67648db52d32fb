// The spool that the configuration asks for; without a word about it, one in this user's state folder.
//
//   <state>/flx/spool/<service>-<which receivers>
//
// Service and receivers are in the name because whoever starts next takes over what was left: it must be the same service
// that sends it, and to the same place. A folder that others can write to, or that cannot be made, is no place for spans:
// then nothing waits on disk, and that is told.

import { accessSync, constants, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OtlpEndpoint, SpoolSettings } from "../export/export-settings.ts";
import type { Configuration } from "./configuration.ts";
import { stateFolder } from "./state-folder.ts";

/** What the folder is named after. */
export interface SpoolOwner {
  readonly service: string;
  readonly endpoints: Readonly<Record<string, OtlpEndpoint | undefined>>;
}

/**
 * Where records wait while a receiver is down; undefined: only in memory.
 *
 * @param onProblem told why there is no folder although none was refused
 */
export function spoolOf(
  config: Configuration,
  owner: SpoolOwner,
  onProblem: (problem: string) => void,
): SpoolSettings | undefined {
  if (!config.get("spool.enabled")) return undefined;
  const bounds = {
    maxBytes: config.get("spool.maxBytes"),
    maxAgeMs: config.get("spool.maxAgeMs"),
  };
  const given = config.get("spool.folder");
  if (given !== undefined) return { folder: given, ...bounds };
  const state = stateFolder();
  const ours = state === undefined ? "" : join(state, "flx");
  const folder = join(ours, "spool", nameOf(owner));
  const fault = ours === "" ? "there is no home folder" : faultOf(folder, ours);
  if (fault === undefined) return { folder, ...bounds };
  onProblem(
    `what cannot be sent waits in memory only, and is lost when the process ends: ${fault}; ` +
      "set spool.folder (FLX_SPOOL_FOLDER), or switch the spool off (FLX_SPOOL=false)",
  );
  return undefined;
}

function nameOf({ service, endpoints }: SpoolOwner): string {
  const receivers = Object.entries(endpoints).map(([signal, endpoint]) => [signal, endpoint?.url]);
  const hash = fnv1a(JSON.stringify([service, receivers]));
  const readable = service
    .replaceAll(/[^\w.-]+/g, "_")
    .replace(/^\.+/, "")
    .slice(0, 64);
  return `${readable}-${hash}`;
}

/** 64 bits, as 16 digits: http://www.isthe.com/chongo/tech/comp/fnv/. Keeps apart; nobody is kept out by it. */
function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

/** Why nothing can be kept there; nothing is made to find out. */
function faultOf(folder: string, ours: string): string | undefined {
  const { path, stats } = nearest(folder);
  if (stats === undefined) return `${folder} cannot be looked at`;
  if (!stats.isDirectory()) return `${path} is no folder`;
  try {
    accessSync(path, constants.W_OK);
  } catch {
    return `${path} cannot be written to`;
  }
  const uid = process.getuid?.();
  // What is there of ours must be ours alone; what is above (a home, /var/lib) is its owner's affair.
  const isShared = uid !== undefined && (stats.uid !== uid || (stats.mode & 0o022) !== 0);
  return isShared && path.startsWith(ours)
    ? `${path} belongs to others, or they can write to it`
    : undefined;
}

/** The folder, or the nearest one above it that exists. */
function nearest(folder: string) {
  for (let path = folder; ; path = dirname(path)) {
    try {
      return { path, stats: statSync(path) };
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (!isMissing || dirname(path) === path) return { path, stats: undefined };
    }
  }
}
