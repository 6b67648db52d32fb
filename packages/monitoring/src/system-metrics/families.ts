// The one table of system metrics: what is registered and what docs/reference/system-metrics.md lists.

import { cgroupFamilies } from "./cgroup-families.ts";
import type { FamilyGroup } from "./family.ts";
import { filesystemFamilies } from "./filesystem-families.ts";
import {
  cpuFamilies,
  diskFamilies,
  memoryFamilies,
  networkFamilies,
  pressureFamilies,
} from "./machine-families.ts";
import { processFamilies } from "./process-families.ts";
import { eventLoopFamilies, heapFamilies, samplingFamilies } from "./runtime-families.ts";
import { usageFamilies } from "./usage-families.ts";

/** All families, by subject. */
export const familyGroups: readonly FamilyGroup[] = [
  usageFamilies,
  cpuFamilies,
  memoryFamilies,
  pressureFamilies,
  filesystemFamilies,
  diskFamilies,
  networkFamilies,
  cgroupFamilies,
  processFamilies,
  eventLoopFamilies,
  heapFamilies,
  samplingFamilies,
];
