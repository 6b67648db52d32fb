// The age of a file: a backup that is written each night, a cache that is refreshed, the mark of a cron job.

import type { Stats } from "node:fs";
import type { CheckContext, CheckResult, HealthCheck } from "../health-check.ts";
import { CheckError, optionsError } from "./check-error.ts";
import { levelResult, levels } from "./level.ts";
import { withDeadline } from "./server-check.ts";

/** Which file, and how old it may be. */
export interface FileAgeOptions {
  /** A file, or a folder: then its newest file counts, not those of folders in it. */
  readonly path: string;
  /** Older is degraded. */
  readonly degradedAgeMs?: number;
  /** Older is unhealthy. One of the two must be given. */
  readonly unhealthyAgeMs?: number;
  /** Smaller is unhealthy: an empty backup is none. Default 0. */
  readonly minBytes?: number;
  /** Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * A check of a file's age.
 *
 * - healthy: it is there, young and large enough
 * - degraded: older than `degradedAgeMs`
 * - unhealthy: older than `unhealthyAgeMs`, too small, not there, not readable
 *
 * Measures `age_ms`, `size_bytes`. A file on a dead network mount occupies a thread of libuv's pool until it answers.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function fileAge(options: FileAgeOptions): HealthCheck {
  const limits = levels("fileAge", {
    degraded: options.degradedAgeMs,
    unhealthy: options.unhealthyAgeMs,
  });
  if (limits.degraded === undefined && limits.unhealthy === undefined) {
    throw optionsError("fileAge needs degradedAgeMs or unhealthyAgeMs");
  }
  const { path, minBytes = 0, now = Date.now } = options;
  return async (context) => {
    const file = await newest(path, context);
    const value = Math.max(0, now() - file.mtimeMs);
    const reading = { name: "age_ms", value, unit: "ms", sentence: `${path} is old:` };
    const result = levelResult(reading, limits);
    const size = { value: file.size, unit: "bytes", limit: minBytes };
    const whole: CheckResult = {
      ...result,
      measurements: { ...result.measurements, size_bytes: size },
    };
    if (file.size >= minBytes) return whole;
    const message = `${path} has ${file.size} bytes, wanted are ${minBytes}`;
    return { ...whole, status: "unhealthy", message };
  };
}

const MAX_FILES = 10_000;

async function newest(path: string, context: CheckContext): Promise<Stats> {
  const { stat } = await import("node:fs/promises");
  try {
    const seen = await withDeadline(stat(path), context);
    return seen.isDirectory() ? await withDeadline(newestIn(path, context), context) : seen;
  } catch (error) {
    throw error instanceof CheckError ? error : inWords(error, path);
  }
}

async function newestIn(path: string, { signal }: CheckContext): Promise<Stats> {
  const { opendir, stat } = await import("node:fs/promises");
  let [found, count]: [Stats | undefined, number] = [undefined, 0];
  for await (const entry of await opendir(path)) {
    if (!entry.isFile() || signal.aborted) continue;
    if (++count > MAX_FILES) {
      throw new CheckError("FLX_CHECK_LIMIT", `${path} has more than ${MAX_FILES} files`);
    }
    const seen = await stat(`${path}/${entry.name}`).catch(() => undefined);
    if (seen !== undefined && (found === undefined || seen.mtimeMs > found.mtimeMs)) found = seen;
  }
  if (found === undefined) throw new CheckError("FLX_CHECK_ANSWER", `there is no file in ${path}`);
  return found;
}

function inWords(error: unknown, path: string): CheckError {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new CheckError("FLX_CHECK_ANSWER", `there is no file ${path}`);
    case "EACCES":
    case "EPERM":
      return new CheckError("FLX_CHECK_ANSWER", `${path} may not be read`);
    case undefined:
      return new CheckError("FLX_CHECK_DEADLINE", `the disk of ${path} does not answer in time`);
    default:
      return new CheckError("FLX_CHECK_ANSWER", `${path} cannot be read: ${String(code)}`);
  }
}
