// The names of services that a form offers.

import { FlxError } from "@flx/model";
import type { Limited } from "../store/metrics-source.ts";
import type { AskOptions, RecordRange } from "../store/stored-record.ts";
import { SECTION_MS } from "./section.ts";

const MAX_NAMES = 200;

/** Knows services: the stores of spans and logs. */
export interface ServiceNames {
  services(range: RecordRange, options: AskOptions): Promise<Limited<string>>;
}

/** Names of services; none when the store cannot say. */
export async function offeredServices(
  store: ServiceNames,
  range: RecordRange,
  gone: AbortSignal,
): Promise<readonly string[]> {
  const signal = AbortSignal.any([gone, AbortSignal.timeout(SECTION_MS)]);
  try {
    return (await store.services(range, { limit: MAX_NAMES, signal })).items;
  } catch (error) {
    if (error instanceof FlxError) return [];
    throw error;
  }
}
