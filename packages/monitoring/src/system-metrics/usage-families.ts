// How full the system is: the three figures for the first glance, in percent, as MetricsCollector declares them.
//
// Name and help are those of its families, so that in one registry both are the same series.
// A disk is as full as df says: used / (used + available), where what is kept for root is neither.

import { type FamilyGroup, gauge, gaugeBy, type SystemFacts } from "./family.ts";
import type { FilesystemRoom } from "../system/index.ts";
import { measuredRooms } from "./filesystem-families.ts";

/** A percentage of less time than this says nothing: the kernel counts CPU time in ticks of 10 ms. */
const MIN_WINDOW_MS = 1_000;

/** The percentages that were computed from two readings far enough apart. */
export function usageOverTime({
  snapshot: { usage },
}: SystemFacts): Partial<SystemFacts["snapshot"]["usage"]> {
  return usage.windowMs !== undefined && usage.windowMs >= MIN_WINDOW_MS ? usage : {};
}

function usedPercent({ sizeBytes, freeBytes, availableBytes }: FilesystemRoom): number | undefined {
  const used = sizeBytes - freeBytes;
  const usable = used + availableBytes;
  return usable > 0 ? (100 * used) / usable : undefined;
}

/** CPU, memory, disks. */
export const usageFamilies: FamilyGroup = {
  title: "At a glance",
  families: [
    gauge(
      "cpu_usage_percent",
      "CPU in use, of what may be used",
      (facts) => usageOverTime(facts).cpuPercent,
    ),
    gauge(
      "memory_usage_percent",
      "Memory in use, of what may be used",
      ({ snapshot }) => snapshot.usage.memoryPercent,
    ),
    gaugeBy(
      ["mountpoint"],
      "disk_usage_percent",
      "Room in use of a mounted file system",
      ({ snapshot }) =>
        measuredRooms(snapshot).map(({ mountPoint, room }) => [
          { mountpoint: mountPoint },
          usedPercent(room),
        ]),
    ),
  ],
};
