// The container: what the control group of this process may use, and uses. No limit is no series.

import type { CgroupFacts } from "../system/index.ts";
import {
  counter,
  counterBy,
  type FamilyGroup,
  gauge,
  info,
  ratioOf,
  type ReadFamily,
} from "./family.ts";
import { stallSeconds } from "./machine-families.ts";
import { usageOverTime } from "./usage-families.ts";

function of(
  type: typeof counter,
  name: string,
  help: string,
  read: (cgroup: CgroupFacts) => number | undefined,
): ReadFamily {
  return type(`system_cgroup_${name}`, help, ({ snapshot: { cgroup } }) =>
    cgroup === undefined ? undefined : read(cgroup),
  );
}

/** Limits and use of the control group. */
export const cgroupFamilies: FamilyGroup = {
  title: "Container (control group)",
  families: [
    info(
      "system_cgroup_info",
      "The version of control groups that limits this process",
      ["version"],
      ({ cgroup }) => (cgroup === undefined ? undefined : { version: cgroup.version }),
    ),
    of(gauge, "cpu_quota_cpus", "CPUs' worth of time by quota", ({ cpu }) => cpu.quotaCpus),
    of(gauge, "cpu_set_cpus", "CPUs that the group may run on", ({ cpu }) => cpu.cpusetCpus),
    gauge(
      "system_cgroup_cpu_usage_ratio",
      "CPU of the group in use of what it may use, between the last two samples, 0 to 1",
      (facts) => ratioOf(usageOverTime(facts).cgroupCpuPercentOfLimit),
    ),
    of(counter, "cpu_usage_seconds_total", "CPU time of the group", ({ cpu }) => cpu.usageSeconds),
    of(
      counter,
      "cpu_user_seconds_total",
      "CPU time of the group in user mode",
      ({ cpu }) => cpu.userSeconds,
    ),
    of(
      counter,
      "cpu_system_seconds_total",
      "CPU time of the group in the kernel",
      ({ cpu }) => cpu.systemSeconds,
    ),
    of(
      counter,
      "cpu_periods_total",
      "Periods in which something of the group wanted to run",
      ({ cpu }) => cpu.periods,
    ),
    of(
      counter,
      "cpu_throttled_periods_total",
      "Periods in which the quota was used up",
      ({ cpu }) => cpu.throttledPeriods,
    ),
    of(
      counter,
      "cpu_throttled_seconds_total",
      "Time that the group was kept from running, the quota being used up",
      ({ cpu }) => cpu.throttledSeconds,
    ),
    of(
      gauge,
      "memory_limit_bytes",
      "Memory above which the group is killed",
      ({ memory }) => memory.limitBytes,
    ),
    of(
      gauge,
      "memory_high_bytes",
      "Memory above which the group is slowed down",
      ({ memory }) => memory.highBytes,
    ),
    of(gauge, "memory_usage_bytes", "Memory of the group", ({ memory }) => memory.usageBytes),
    of(
      gauge,
      "memory_working_set_bytes",
      "Memory of the group without file pages that can be dropped at once",
      ({ memory }) => memory.workingSetBytes,
    ),
    gauge(
      "system_cgroup_memory_usage_ratio",
      "Working set of the group, of what it may use, 0 to 1",
      ({ snapshot }) => ratioOf(snapshot.usage.cgroupMemoryPercentOfLimit),
    ),
    of(
      gauge,
      "memory_anonymous_bytes",
      "Memory of the group that no file stands behind",
      ({ memory }) => memory.anonymousBytes,
    ),
    of(gauge, "memory_file_bytes", "File pages of the group", ({ memory }) => memory.fileBytes),
    of(
      gauge,
      "swap_limit_bytes",
      "Swap space that the group may use",
      ({ memory }) => memory.swapLimitBytes,
    ),
    of(
      gauge,
      "swap_usage_bytes",
      "Swap space that the group uses",
      ({ memory }) => memory.swapUsageBytes,
    ),
    of(
      counter,
      "oom_kills_total",
      "Processes of the group killed for want of memory",
      ({ memory }) => memory.oomKills,
    ),
    of(gauge, "tasks", "Processes and threads of the group", ({ tasks }) => tasks.current),
    of(
      gauge,
      "tasks_limit",
      "Processes and threads that the group may have",
      ({ tasks }) => tasks.limit,
    ),
    counterBy(
      ["resource"],
      "system_cgroup_pressure_waiting_seconds_total",
      "Time in which at least one task of the group waited for a resource (PSI some)",
      ({ snapshot }) => stallSeconds(snapshot.cgroup?.pressure, "some"),
    ),
    counterBy(
      ["resource"],
      "system_cgroup_pressure_stalled_seconds_total",
      "Time in which all tasks of the group waited for a resource (PSI full)",
      ({ snapshot }) => stallSeconds(snapshot.cgroup?.pressure, "full"),
    ),
  ],
};
