// The station's log: the SDK's logger, to standard error, so that what a command prints stays its own.

import { createLogger } from "@flx/monitoring/logging";

/** The levels of the log. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** A level of the log. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where parts write; fields first, then a sentence. */
export interface StationLog {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** A log at standard error: lines for people on a terminal, JSON elsewhere. */
export function stationLog(level: LogLevel, version: string): StationLog {
  return createLogger({
    level,
    base: { service: "flx-station", version },
    pretty: process.stderr.isTTY,
    destination: { write: (line) => void process.stderr.write(line) },
  });
}

/** A log that nobody reads. */
export const silentLog: StationLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
