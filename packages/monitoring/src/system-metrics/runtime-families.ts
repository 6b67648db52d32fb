// Node and V8: event loop, garbage collector, heap, versions; and the sampler that all these facts come from.
//
// Delays of the event loop are of the last window of at least 10 s, without the interval of the timer that measures them.
// Pauses are observed one by one, as Node tells of them; every other family is read.

import type {
  Activity,
  EventLoopDelay,
  HeapFacts,
  HeapSpace,
  SystemSnapshot,
} from "../system/index.ts";
import {
  counterBy,
  type FamilyGroup,
  gauge,
  gaugeBy,
  info,
  type ObservedFamily,
  ratioOf,
  type ReadFamily,
} from "./family.ts";
import { usageOverTime } from "./usage-families.ts";

/** Every pause for a collection of garbage: 0.1 ms, as most of the young generation's are, to a second. */
export const gcPauses: ObservedFamily = {
  type: "histogram",
  name: "runtime_gc_pause_seconds",
  help: "How long the thread stood still for a garbage collection, by its kind",
  labelNames: ["kind"],
  buckets: [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
};

type DelayField = Exclude<keyof EventLoopDelay, "count">;

function delay(field: DelayField, name: string, help: string): ReadFamily {
  return gauge(
    `runtime_event_loop_delay_${name}_seconds`,
    help,
    ({ snapshot }) => snapshot.runtime.eventLoopDelay[field],
  );
}

/** The event loop of this thread. */
export const eventLoopFamilies: FamilyGroup = {
  title: "Event loop",
  families: [
    counterBy(
      ["state"],
      "runtime_event_loop_seconds_total",
      "Time that the event loop was busy (active) and waited (idle)",
      ({ snapshot: { runtime } }) => [
        [{ state: "active" }, runtime.eventLoopTime.activeSeconds],
        [{ state: "idle" }, runtime.eventLoopTime.idleSeconds],
      ],
    ),
    gauge(
      "runtime_event_loop_utilization_ratio",
      "Part of the time between the last two samples that the event loop was busy, 0 to 1",
      (facts) => ratioOf(usageOverTime(facts).eventLoopPercent),
    ),
    delay("minSeconds", "min", "The shortest delay of the event loop"),
    delay("meanSeconds", "mean", "The mean delay of the event loop"),
    delay("maxSeconds", "max", "The longest delay of the event loop"),
    delay("stddevSeconds", "stddev", "The standard deviation of the event loop's delays"),
    delay("p50Seconds", "p50", "The median delay of the event loop"),
    delay("p90Seconds", "p90", "The delay that 90 percent of the delays are not above"),
    delay("p99Seconds", "p99", "The delay that 99 percent of the delays are not above"),
    gauge(
      "runtime_event_loop_delay_samples",
      "How many delays the last window had",
      ({ snapshot: { runtime } }) => runtime.eventLoopDelay.count || undefined,
    ),
    delay("resolutionSeconds", "resolution", "The interval of the timer that measures delays"),
    activity("handles", "Handles that keep the event loop alive, by the name of their class"),
    activity("requests", "Requests that keep the event loop alive, by the name of their class"),
    activity("resources", "Resources that keep the event loop alive, as Node calls them"),
  ],
};

function activity(what: keyof Activity, help: string): ReadFamily {
  return gaugeBy(["type"], `runtime_active_${what}`, help, (facts) =>
    Object.entries(facts.activity()[what] ?? {}).map(([type, count]) => [{ type }, count]),
  );
}

function heap(field: Exclude<keyof HeapFacts, "spaces">, name: string, help: string): ReadFamily {
  return gauge(`runtime_heap_${name}`, help, ({ snapshot }) => snapshot.runtime.heap[field]);
}

function space(field: Exclude<keyof HeapSpace, "name">, name: string, help: string): ReadFamily {
  return gaugeBy(["space"], `runtime_heap_space_${name}`, help, ({ snapshot }) =>
    snapshot.runtime.heap.spaces.map((each) => [{ space: each.name }, each[field]]),
  );
}

/** V8's heap and its collector. */
export const heapFamilies: FamilyGroup = {
  title: "Heap and garbage collection",
  families: [
    gcPauses,
    gauge(
      "runtime_gc_pause_ratio",
      "Part of the time between the last two samples that the thread stood still for collections, 0 to 1",
      (facts) => ratioOf(usageOverTime(facts).gcPercent),
    ),
    heap("usedBytes", "used_bytes", "Heap in use"),
    heap("totalBytes", "total_bytes", "Heap that V8 has reserved"),
    heap("physicalBytes", "physical_bytes", "Heap that is in memory"),
    heap("limitBytes", "limit_bytes", "What the heap may grow to before V8 ends the process"),
    heap("externalBytes", "external_bytes", "Memory outside of the heap that objects in it hold"),
    heap("mallocedBytes", "malloced_bytes", "Memory that V8 itself took by malloc"),
    heap("nativeContexts", "native_contexts", "Contexts of V8; more and more of them are a leak"),
    heap(
      "detachedContexts",
      "detached_contexts",
      "Contexts that were detached but not collected; more and more of them are a leak",
    ),
    space("sizeBytes", "size_bytes", "Size of a space of the heap"),
    space("usedBytes", "used_bytes", "A space's memory in use"),
    space("availableBytes", "available_bytes", "A space's memory that can still be used"),
    space("physicalBytes", "physical_bytes", "A space's memory that is in memory"),
  ],
};

function readErrors({ readErrors: errors }: SystemSnapshot): ReturnType<ReadFamily["read"]> {
  return errors.map(({ path, kind, count }) => [{ path, kind }, count]);
}

/** Versions, and how the facts were got. */
export const samplingFamilies: FamilyGroup = {
  title: "Versions and sampling",
  families: [
    info(
      "runtime_info",
      "Versions of Node and of what it is made of",
      ["version", "major", "minor", "patch", "v8", "uv", "openssl"],
      ({ versions }) => ({
        version: versions.node,
        major: versions.nodeMajor,
        minor: versions.nodeMinor,
        patch: versions.nodePatch,
        v8: versions.v8,
        uv: versions.uv,
        openssl: versions.openssl,
      }),
    ),
    gauge(
      "system_sample_timestamp_seconds",
      "When the facts were read, since 1970",
      ({ snapshot }) => snapshot.timestampMs / 1_000,
    ),
    gauge(
      "system_sample_duration_seconds",
      "How long reading the facts held the event loop",
      ({ snapshot }) => snapshot.readMs / 1_000,
    ),
    counterBy(
      ["path", "kind"],
      "system_read_errors_total",
      "Files that gave no fact: missing, unreadable, oversized or malformed",
      ({ snapshot }) => readErrors(snapshot),
    ),
  ],
};
