// The limits of the default checks, and where they come from.
//
//   option                       variable                            file
//   maxCpuUsagePercent: 80   >   FLX_MAX_CPU_USAGE_PERCENT=80    >   { "maxCpuUsagePercent": 80 }   >   the default
//
// A key that is none is refused, with the nearest one: a limit that silently does not hold is worse than none. Variables
// that are none are left alone: they may be meant for others. Pure: reads what it is given.

import { FlxError } from "@flx/model/errors";
import { nearestName } from "./nearest-name.ts";

/** The limits of the default checks. Above one of them the service is degraded. */
export interface HealthSettings {
  /** Percent of what may be used: of the container's quota where there is one. Default 90. */
  readonly maxCpuUsagePercent: number;
  /** Percent of what may be used: of the container's limit where there is one. Default 90. */
  readonly maxMemoryUsagePercent: number;
  /** Percent of any local file system. Default 90. */
  readonly maxDiskUsagePercent: number;
  /** The 99th percentile of the delay of the event loop, in milliseconds. Default 500. */
  readonly maxEventLoopDelayMs: number;
  /** Percent of the last minute in which something waited for a CPU. Default 90. */
  readonly maxCpuPressurePercent: number;
  /** Percent of the last minute in which something waited for memory. Default 20. */
  readonly maxMemoryPressurePercent: number;
  /** Percent of the last minute in which something waited for a disk. Default 80. */
  readonly maxIoPressurePercent: number;
  /** How often the system is sampled and checked. Default 5. */
  readonly cpuSampleIntervalSeconds: number;
  /** How long a default check may take. Default 5,000. */
  readonly healthCheckTimeoutMs: number;
}

/** Where settings come from; the first one that has a value counts. */
export interface SettingSources {
  readonly options?: Partial<HealthSettings> | undefined;
  /** Default: none. Give `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** What was read from a file. */
  readonly file?: unknown;
}

interface Setting {
  readonly fallback: number;
  readonly max: number;
}

const percent = (fallback: number): Setting => ({ fallback, max: 100 });
const time = (fallback: number, max: number): Setting => ({ fallback, max });

const SETTINGS: Readonly<Record<keyof HealthSettings, Setting>> = {
  maxCpuUsagePercent: percent(90),
  maxMemoryUsagePercent: percent(90),
  maxDiskUsagePercent: percent(90),
  maxEventLoopDelayMs: time(500, 3_600_000),
  maxCpuPressurePercent: percent(90),
  maxMemoryPressurePercent: percent(20),
  maxIoPressurePercent: percent(80),
  cpuSampleIntervalSeconds: time(5, 3_600),
  healthCheckTimeoutMs: time(5_000, 3_600_000),
};

const NAMES = Object.keys(SETTINGS) as (keyof HealthSettings)[];

/**
 * The settings: options before `FLX_*` variables before a file's before the defaults.
 *
 * @throws {FlxError} `FLX_HEALTH_SETTING` for a key that is none, or a value that cannot be
 */
export function healthSettings(sources: SettingSources = {}): HealthSettings {
  const { options, env = {}, file } = sources;
  const given = [
    keyed("options", options),
    Object.fromEntries(NAMES.map((name) => [name, fromVariable(name, env)])),
    keyed("the file", file),
  ];
  const entries = NAMES.map((name) => {
    const value = given.map((each) => each[name]).find((each) => each !== undefined);
    return [name, value ?? SETTINGS[name].fallback];
  });
  return Object.fromEntries(entries);
}

type Given = Readonly<Record<string, number | undefined>>;

function keyed(where: string, values: unknown): Given {
  if (values === undefined) return {};
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw refused(`${where} must be an object with settings, got ${typeof values}`);
  }
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  for (const [key] of known) if (!(NAMES as string[]).includes(key)) throw unknownKey(where, key);
  return Object.fromEntries(
    known.map(([key, value]) => [
      key,
      checked(`${key} of ${where}`, key as keyof HealthSettings, value),
    ]),
  );
}

function fromVariable(
  name: keyof HealthSettings,
  env: NonNullable<SettingSources["env"]>,
): number | undefined {
  const variable = variableOf(name);
  const text = env[variable]?.trim() ?? "";
  return text === "" ? undefined : checked(variable, name, Number(text), text);
}

/** The variable of a setting: maxCpuUsagePercent is FLX_MAX_CPU_USAGE_PERCENT. */
function variableOf(name: string): string {
  return `FLX_${name.replaceAll(/(?=[A-Z])/g, "_").toUpperCase()}`;
}

function checked(
  where: string,
  name: keyof HealthSettings,
  value: unknown,
  shown: unknown = value,
): number {
  const { max } = SETTINGS[name];
  if (typeof value === "number" && value > 0 && value <= max) return value;
  const got = JSON.stringify(shown)?.slice(0, 100) ?? String(shown);
  throw refused(`${where} must be a number above 0 and up to ${max}, got ${got}`);
}

function unknownKey(where: string, key: string): FlxError {
  const nearest = nearestName(key, NAMES);
  const hint = nearest === undefined ? `known are ${NAMES.join(", ")}` : `did you mean ${nearest}?`;
  return refused(
    `${JSON.stringify(key.slice(0, 100))} of ${where} is no setting of health; ${hint}`,
  );
}

function refused(message: string): FlxError {
  return new FlxError("FLX_HEALTH_SETTING", message);
}
