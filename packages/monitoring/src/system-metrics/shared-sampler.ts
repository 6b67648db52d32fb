// The sampler of those who bring none: one for all of them in this process, closed when the last one has gone.
//
// Whoever asks for another interval gets another one: an interval is how fresh the facts are, and a sampler has one.

import type { DurationMs } from "@flx/model/write";
import { SystemSampler } from "../system/index.ts";

const DEFAULT_INTERVAL_MS = 5_000 as DurationMs;

/** The first reading opens files for 20 ms or more: it waits until the service has started, or until somebody asks. */
const FIRST_READING_MS = 200;

const inUse = new Map<DurationMs, { readonly sampler: SystemSampler; users: number }>();

/** A sampler that others may use too; disposing gives it back. */
export interface SharedSampler extends Disposable {
  readonly sampler: SystemSampler;
}

/** The sampler of an interval, started when nobody used it before. */
export function shareSampler(intervalMs: DurationMs = DEFAULT_INTERVAL_MS): SharedSampler {
  const shared = inUse.get(intervalMs) ?? startSampler(intervalMs);
  shared.users += 1;
  let given = true;
  return {
    sampler: shared.sampler,
    [Symbol.dispose]() {
      if (!given) return;
      given = false;
      shared.users -= 1;
      if (shared.users > 0) return;
      inUse.delete(intervalMs);
      shared.sampler.close();
    },
  };
}

function startSampler(intervalMs: DurationMs) {
  const sampler = new SystemSampler({ intervalMs });
  const shared = { sampler, users: 0 };
  inUse.set(intervalMs, shared);
  setTimeout(() => void sampler.sample(), FIRST_READING_MS).unref();
  return shared;
}
