// Error groups on this machine: in memory, and durable.
//
//   record, act ─► log (fdatasync) ─► groups in memory ── now and then ──► snapshot ─► the log before it is dropped
//
//   FOLDER/log          what happened since the snapshot: JSON, numbered
//   FOLDER/groups       the snapshot:  {"applied":17}  group  group ...  {"groups":2,"checksum":"9f3a01c2"}
//
// The snapshot is written while more happens: its first line says up to where the log is in it for certain, and each group
// says for itself what it has beyond that. One that is damaged is put aside; what the log still has is there.

import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { FlxError } from "@flx/model";
import { freezeFolder } from "../log/freeze-folder.ts";
import { Log } from "../log/log.ts";
import { segmentOf } from "../log/segment-file.ts";
import { syncFolder } from "../log/sync-folder.ts";
import type { Limited } from "../metrics-source.ts";
import { boundedOccurrence, boundedRepeats, type ErrorEntry, ErrorGroups } from "./error-groups.ts";
import type {
  ErrorAction,
  ErrorGroup,
  ErrorGroupDetail,
  ErrorQuestion,
  ErrorSighting,
  ErrorStore,
} from "./error-store.ts";

/** How it is opened. */
export interface EmbeddedErrorStoreOptions {
  readonly folder: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Groups at most; the one not seen for longest goes. Default 10,000. */
  readonly maxGroups?: number;
  /** Bytes of the log after which a snapshot is written. Default 8 MiB. */
  readonly snapshotBytes?: number;
  /** Told of damage. */
  readonly onFault?: (fault: string) => void;
}

const ENTRY = 1;
const FINGERPRINT = /^[0-9a-f]{16}$/;
/** Occurrences of one entry of the log. */
const MAX_TOGETHER = 100;

interface LoggedEntries {
  /** The number of the first one. */
  readonly number: number;
  readonly entries: readonly ErrorEntry[];
}

/** Error groups that are kept here. */
export class EmbeddedErrorStore implements ErrorStore, AsyncDisposable {
  readonly #options: EmbeddedErrorStoreOptions;
  readonly #groups: ErrorGroups;
  readonly #log: Log;
  #next: number;
  #applied: number;
  #snapshot: Promise<void> | undefined;

  private constructor(
    options: EmbeddedErrorStoreOptions,
    groups: ErrorGroups,
    log: Log,
    applied: number,
  ) {
    this.#options = options;
    this.#groups = groups;
    this.#log = log;
    this.#applied = applied;
    this.#next = applied + 1;
  }

  /**
   * Opens what is in a folder.
   *
   * @throws {FlxError} `FLX_STORE_DISK` when it cannot be read or written
   */
  static async open(options: EmbeddedErrorStoreOptions): Promise<EmbeddedErrorStore> {
    const groups = new ErrorGroups(options.maxGroups);
    let applied = await readSnapshot(options, groups);
    const log = await Log.open(
      { folder: join(options.folder, "log"), segmentBytes: 4 * 1024 * 1024 },
      ({ payload }) => {
        const { number, entries } = JSON.parse(payload.toString()) as LoggedEntries;
        for (const [i, entry] of entries.entries()) {
          groups.apply(number + i, entry);
          applied = Math.max(applied, number + i);
        }
      },
    );
    for (const { file, bytes, kind } of log.damage) {
      if (kind === "damaged") options.onFault?.(`${bytes} bytes of ${file} cannot be read`);
    }
    return new EmbeddedErrorStore(options, groups, log, applied);
  }

  async record(sightings: readonly ErrorSighting[]): Promise<void> {
    for (const { fingerprint } of sightings) checkFingerprint(fingerprint);
    const writing: Promise<void>[] = [];
    for (let i = 0; i < sightings.length; i += MAX_TOGETHER) {
      writing.push(this.#write(sightings.slice(i, i + MAX_TOGETHER).map(entryOf)));
    }
    await Promise.all(writing);
  }

  async #write(entries: readonly ErrorEntry[]): Promise<void> {
    const number = this.#next;
    this.#next += entries.length;
    const logged: LoggedEntries = { number, entries };
    await this.#log.append(ENTRY, Buffer.from(JSON.stringify(logged)));
    for (const [i, entry] of entries.entries()) this.#groups.apply(number + i, entry);
    this.#applied = number + entries.length - 1;
    if (this.#log.bytes > (this.#options.snapshotBytes ?? 8 * 1024 * 1024)) {
      this.#snapshot ??= this.#writeSnapshot();
    }
  }

  list(question: ErrorQuestion): Promise<Limited<ErrorGroup>> {
    if (!Number.isInteger(question.limit) || question.limit < 1 || question.limit > 10_000) {
      const refusal = new FlxError("FLX_STORE_QUESTION", "a limit is from 1 to 10000");
      return Promise.reject(refusal);
    }
    return Promise.resolve(this.#groups.list(question));
  }

  get(fingerprint: string): Promise<ErrorGroupDetail | undefined> {
    return Promise.resolve(this.#groups.get(fingerprint));
  }

  async act(fingerprint: string, action: ErrorAction): Promise<ErrorGroupDetail | undefined> {
    if (!this.#groups.has(fingerprint)) return undefined;
    const timeMs = this.#options.now();
    await this.#write([{ kind: "action", fingerprint, action, timeMs }]);
    return this.#groups.get(fingerprint);
  }

  async #writeSnapshot(): Promise<void> {
    try {
      const before = this.#log.rotate();
      // What waited for the disk is in the groups a turn after it is written.
      await this.#log.settled();
      await setImmediate();
      const path = join(this.#options.folder, "groups");
      await writeLines(`${path}.draft`, this.#applied, this.#groups);
      await rename(`${path}.draft`, path);
      await syncFolder(this.#options.folder);
      await this.#log.drop(before);
    } catch (error) {
      this.#options.onFault?.(`the snapshot of error groups: ${(error as Error).message}`);
    } finally {
      this.#snapshot = undefined;
    }
  }

  /** Gives everything that was recorded before a second name in a folder: the snapshot, and the log since. */
  async freeze(folder: string): Promise<void> {
    while (this.#snapshot !== undefined) await this.#snapshot;
    const frozen = this.#freeze(folder);
    // No snapshot is written, and no log dropped, meanwhile.
    this.#snapshot = frozen.catch(() => undefined).finally(() => (this.#snapshot = undefined));
    await frozen;
  }

  async #freeze(to: string): Promise<void> {
    const before = this.#log.rotate();
    await this.#log.settled();
    const from = this.#options.folder;
    await freezeFolder(from, to, (name) => name === "groups");
    await freezeFolder(join(from, "log"), join(to, "log"), (name) => {
      return (segmentOf(name) ?? before) < before;
    });
  }

  /** Writes a snapshot, and closes the log. */
  async close(): Promise<void> {
    await this.#log.settled();
    await this.#snapshot;
    await this.#writeSnapshot();
    await this.#log[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function entryOf(sighting: ErrorSighting): ErrorEntry {
  return "repeats" in sighting
    ? { kind: "repeats", repeats: boundedRepeats(sighting) }
    : { kind: "occurrence", occurrence: boundedOccurrence(sighting) };
}

function checkFingerprint(fingerprint: string): void {
  if (FINGERPRINT.test(fingerprint)) return;
  const shown = JSON.stringify(fingerprint.slice(0, 64));
  throw new FlxError("FLX_STORE_QUESTION", `a fingerprint is 16 hex digits, not ${shown}`);
}

async function writeLines(path: string, applied: number, groups: ErrorGroups): Promise<void> {
  await rm(path, { force: true });
  await using file = await open(path, "wx", 0o640);
  let checksum = 0;
  let count = 0;
  const write = async (line: string): Promise<void> => {
    const bytes = Buffer.from(`${line}\n`);
    checksum = crc32(bytes, checksum);
    await file.write(bytes);
  };
  await write(JSON.stringify({ applied }));
  for (const line of groups.lines()) {
    await write(line);
    count++;
  }
  await file.write(`${JSON.stringify({ groups: count, checksum: checksum.toString(16) })}\n`);
  await file.sync();
}

/** Reads the snapshot into groups; up to where the log is in it. */
async function readSnapshot(
  { folder, onFault }: EmbeddedErrorStoreOptions,
  groups: ErrorGroups,
): Promise<number> {
  const path = join(folder, "groups");
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch {
    return 0;
  }
  const end = bytes.lastIndexOf("\n", bytes.length - 2) + 1;
  try {
    const { checksum } = JSON.parse(bytes.subarray(end).toString()) as { checksum: string };
    if (crc32(bytes.subarray(0, end)).toString(16) !== checksum)
      throw new Error("its checksum is another one");
    const [first = "", ...lines] = bytes.subarray(0, end).toString().split("\n");
    for (const line of lines) if (line !== "") groups.addLine(line);
    return (JSON.parse(first) as { applied: number }).applied;
  } catch (error) {
    await rename(path, `${path}.damaged`);
    onFault?.(`the snapshot of error groups is put aside: ${(error as Error).message}`);
    return 0;
  }
}
