// The system facts against the node exporter on the same machine.
//
//   our sample   |   its scrape   |   our sample           the scrape lies between two samples of ours, so
//      before    ≤     value      ≤     after              each counter must too, with 1 % to spare;
//                                                          what goes up and down: within 1 % of one of the two
//
// Compared is every series of the families below that the exporter has (it leaves out some interfaces and mounts)
// and we know: if a value of ours is missing, that is a difference.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Labels, parseExposition } from "@flx/model";
import { type CpuMode, SystemSampler, type SystemSnapshot } from "@flx/monitoring/system";
import { httpGet, requirePeer, startNodeExporter } from "@flx/testkit";

/** Our value of a series of the exporter. */
type Ours = (snapshot: SystemSnapshot, labels: Labels) => number | undefined;

const label = (labels: Labels, name: string): string => labels.get(name) ?? "";

const memory =
  (field: keyof NonNullable<SystemSnapshot["host"]["memory"]>): Ours =>
  ({ host }) =>
    host.memory?.[field];

const disk =
  (
    field: Exclude<keyof NonNullable<SystemSnapshot["host"]["blockDevices"]>[number], "name">,
  ): Ours =>
  ({ host }, labels) =>
    host.blockDevices?.find(({ name }) => name === label(labels, "device"))?.[field];

const room =
  (field: keyof NonNullable<SystemSnapshot["filesystems"][number]["room"]>): Ours =>
  ({ filesystems }, labels) =>
    filesystems.find(({ mountPoint }) => mountPoint === label(labels, "mountpoint"))?.room?.[field];

const network =
  <Direction extends "receive" | "transmit">(
    direction: Direction,
    field: keyof NonNullable<SystemSnapshot["host"]["network"]>[number][Direction],
  ): Ours =>
  ({ host }, labels) => {
    const found = host.network?.find(({ name }) => name === label(labels, "device"));
    return found?.[direction][field] as number | undefined;
  };

const counters: Readonly<Record<string, Ours>> = {
  node_cpu_seconds: ({ host }, labels) =>
    host.stat?.cpus.find(({ cpu }) => cpu === Number(label(labels, "cpu")))?.seconds[
      label(labels, "mode") as CpuMode
    ],
  node_context_switches: ({ host }) => host.stat?.contextSwitches,
  node_intr: ({ host }) => host.stat?.interrupts,
  node_forks: ({ host }) => host.stat?.forks,
  node_disk_reads_completed: disk("reads"),
  node_disk_read_bytes: disk("readBytes"),
  node_disk_read_time_seconds: disk("readSeconds"),
  node_disk_writes_completed: disk("writes"),
  node_disk_written_bytes: disk("writtenBytes"),
  node_disk_write_time_seconds: disk("writeSeconds"),
  node_disk_io_time_seconds: disk("busySeconds"),
  node_disk_io_time_weighted_seconds: disk("weightedSeconds"),
  node_network_receive_bytes: network("receive", "bytes"),
  node_network_receive_packets: network("receive", "packets"),
  node_network_receive_errs: network("receive", "errors"),
  node_network_receive_drop: network("receive", "dropped"),
  node_network_receive_multicast: network("receive", "multicastPackets"),
  node_network_transmit_bytes: network("transmit", "bytes"),
  node_network_transmit_packets: network("transmit", "packets"),
  node_network_transmit_errs: network("transmit", "errors"),
  node_network_transmit_drop: network("transmit", "dropped"),
  node_network_transmit_carrier: network("transmit", "carrierErrors"),
  node_pressure_cpu_waiting_seconds: ({ host }) => host.pressure.cpu?.some?.totalSeconds,
  node_pressure_io_waiting_seconds: ({ host }) => host.pressure.io?.some?.totalSeconds,
  node_pressure_io_stalled_seconds: ({ host }) => host.pressure.io?.full?.totalSeconds,
  node_pressure_memory_waiting_seconds: ({ host }) => host.pressure.memory?.some?.totalSeconds,
  node_pressure_memory_stalled_seconds: ({ host }) => host.pressure.memory?.full?.totalSeconds,
};

const gauges: Readonly<Record<string, Ours>> = {
  node_boot_time_seconds: ({ host }) => host.stat?.bootTimeSeconds,
  node_load1: ({ host }) => host.load?.oneMinute,
  node_load5: ({ host }) => host.load?.fiveMinutes,
  node_load15: ({ host }) => host.load?.fifteenMinutes,
  node_memory_MemTotal_bytes: memory("totalBytes"),
  node_memory_MemFree_bytes: memory("freeBytes"),
  node_memory_MemAvailable_bytes: memory("availableBytes"),
  node_memory_Buffers_bytes: memory("buffersBytes"),
  node_memory_Cached_bytes: memory("cachedBytes"),
  node_memory_Slab_bytes: memory("slabBytes"),
  node_memory_CommitLimit_bytes: memory("commitLimitBytes"),
  node_memory_SwapTotal_bytes: memory("swapTotalBytes"),
  node_memory_SwapFree_bytes: memory("swapFreeBytes"),
  node_filesystem_size_bytes: room("sizeBytes"),
  node_filesystem_free_bytes: room("freeBytes"),
  node_filesystem_avail_bytes: room("availableBytes"),
  node_filesystem_files: room("files"),
  node_filesystem_files_free: room("filesFree"),
};

/** A series of the exporter with its value. */
type Series = { readonly family: string; readonly labels: Labels; readonly value: number };

function seriesOf(text: string): Series[] {
  return parseExposition(text, { format: "text" }).families.flatMap((family): Series[] => {
    const { name } = family;
    if (family.type === "gauge") {
      return family.points.map(({ labels, value }) => ({ family: name, labels, value }));
    }
    if (family.type !== "counter") return [];
    return family.points.map(({ labels, value }) => ({ family: name, labels, value: value.total }));
  });
}

const SPARE = 0.01;

function differs(value: number, bounds: readonly (number | undefined)[]): boolean {
  const [before, after] = bounds;
  if (before === undefined || after === undefined) return true;
  const [low, high] = [Math.min(before, after), Math.max(before, after)];
  return !(value >= low - SPARE * Math.abs(low) && value <= high + SPARE * Math.abs(high));
}

/** The series compared, and those that differ. */
async function compare(url: string, sampler: SystemSampler) {
  const before = await sampler.sample();
  const { body } = await httpGet(`${url}/metrics`, { timeoutMs: 10_000 });
  const after = await sampler.sample();
  const compared: string[] = [];
  const different: string[] = [];
  for (const { family, labels, value } of seriesOf(body)) {
    const ours = counters[family] ?? gauges[family];
    // Devices never used and RAM disks are left out by us; they have nothing but zeros.
    if (ours === undefined || (family.startsWith("node_disk_") && value === 0)) continue;
    const bounds = [ours(before, labels), ours(after, labels)];
    compared.push(family);
    if (differs(value, bounds))
      different.push(`${family}${labels.key}: ${value}, ours ${bounds.join("..")}`);
  }
  return { compared, different };
}

test("SystemSampler agrees with the node exporter within 1 %", async (t) => {
  if (requirePeer(t, "node-exporter") === undefined) return;
  await using exporter = await startNodeExporter();
  using sampler = new SystemSampler();
  let last = await compare(exporter.url, sampler);
  // What goes up and down may do both between two samples of ours: a difference counts when it stays.
  for (let i = 0; i < 4 && last.different.length > 0; i++)
    last = await compare(exporter.url, sampler);

  assert.deepEqual(last.different, []);
  assert.ok(last.compared.length >= 40, `${last.compared.length} series compared`);
  const families = new Set(last.compared);
  for (const family of [
    "node_cpu_seconds",
    "node_filesystem_size_bytes",
    "node_memory_MemTotal_bytes",
  ]) {
    assert.ok(families.has(family), family);
  }
  t.diagnostic(`${last.compared.length} series of ${families.size} families`);
});
