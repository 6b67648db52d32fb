// One line per event: time, level, service, message, then key=value pairs, the trace it belongs to last.
//
//   2026-01-05T12:30:01.020Z WARN  orders payment failed order=ord_5f2c country=DE trace=0af7651916cd43dd8448eb211c80319c
//
// debug and info go to standard output, warn and error to standard error. The same lines go to `also`, once there is
// somewhere to send them: flx.logger, which makes log records of them.
//
// An error is told by the error handler of the process (@flx/monitoring/errors), below its line: what, where, with which code,
// by which cause. It makes the log record then; of those that it does not write, being repetitions, the line does.

import { getErrorHandler } from "@flx/monitoring/errors";
import { ambientFields } from "@flx/monitoring/logging";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** The log of one service. An error passed as the last argument is reported. */
export type Log = {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields, error?: unknown): void;
  error(message: string, fields?: LogFields, error?: unknown): void;
};

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Gets each line, too. */
export type LogSink = (level: LogLevel, message: string, fields: LogFields, error: unknown) => void;

/** A log whose lines can be sent elsewhere as well. */
export type SentLog = Log & { also(sink: LogSink): void };

/** A log that writes lines of `service` from `SHOP_LOG_LEVEL` (default info) upwards. */
export function createLog(
  service: string,
  least: string | undefined = process.env["SHOP_LOG_LEVEL"],
): SentLog {
  let sink: LogSink | undefined;
  const from = Math.max(levels.indexOf((least ?? "info") as LogLevel), 0);
  const write = (
    level: LogLevel,
    message: string,
    fields: LogFields = {},
    error?: unknown,
  ): void => {
    if (levels.indexOf(level) < from) return;
    const { trace_id: trace } = ambientFields([]) as { trace_id?: string };
    const line = formatLine(new Date(), level, service, message, { ...fields, trace });
    if (level === "warn" || level === "error") console.error(line);
    else console.log(line);
    const isTold = error !== undefined && getErrorHandler().handle(error, { fields }).isWritten;
    if (!isTold) sink?.(level, message, fields, error);
  };
  return {
    also: (given) => {
      sink = given;
    },
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields, error) => write("warn", message, fields, error),
    error: (message, fields, error) => write("error", message, fields, error),
  };
}

/** One log line without its line end. */
export function formatLine(
  time: Date,
  level: LogLevel,
  service: string,
  message: string,
  fields: LogFields,
): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${quote(String(value))}`);
  return `${time.toISOString()} ${level.toUpperCase().padEnd(5)} ${service} ${message}${pairs.join("")}`;
}

/** The level of a line written by `formatLine`, or undefined for anything else (a line of a stack, say). */
export function levelOf(line: string): LogLevel | undefined {
  const level = /^\d{4}-\d\d-\d\dT[\d:.]+Z ([A-Z]+) /.exec(line)?.[1]?.toLowerCase();
  return levels.find((known) => known === level);
}

function quote(value: string): string {
  return /[\s"=]/.test(value) || value === "" ? JSON.stringify(value) : value;
}
