// The sampler that the checks of this machine read: one for all of them, made when the first one runs.
//
// A sampler keeps files open and samples each five seconds, so that a check costs nothing but reading what is there. The
// first run waits for a sample; percentages over time are known from the second sample on.

import type { SystemSampler, SystemSnapshot } from "../../system/index.ts";

/** What every check of this machine takes. */
export interface SystemCheckOptions {
  /** A sampler that is there already (the one of the metrics). Default: one that these checks share. */
  readonly sampler?: Pick<SystemSampler, "snapshot" | "sample">;
}

let shared: Promise<SystemSampler> | undefined;

/** The latest facts; waits only while what is needed is not known yet. */
export async function snapshotFor(
  { sampler }: SystemCheckOptions,
  isEnough: (snapshot: SystemSnapshot) => boolean,
): Promise<SystemSnapshot> {
  const source = sampler ?? (await (shared ??= makeSampler()));
  const snapshot = source.snapshot();
  return isEnough(snapshot) ? snapshot : source.sample();
}

async function makeSampler(): Promise<SystemSampler> {
  const { SystemSampler: Sampler } = await import("../../system/sampler.ts");
  return new Sampler();
}
