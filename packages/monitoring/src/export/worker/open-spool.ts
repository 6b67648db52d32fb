// The spool of a signal, when the settings have one.

import type { ExportCounters } from "../export-counters.ts";
import type { SpoolSettings } from "../export-settings.ts";
import type { Signal } from "../signal.ts";
import type { Spool } from "./spool.ts";

/** A spool; undefined when there is none, or its folder cannot be used. */
export function openSpool(
  _settings: SpoolSettings | undefined,
  _signal: Signal,
  _counters: ExportCounters,
): Spool | undefined {
  return undefined;
}
