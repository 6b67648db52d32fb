// The system metrics of one registry under one prefix: registered once, however many have asked for them.
//
//   exposition ── collect of each family ── read(facts) ── observe      in one turn of the loop, from one snapshot
//   V8 collects ── GcMonitor ── histogram of pauses
//
// Families that somebody else has declared, too, before or meanwhile (MetricsCollector has three of them), stay when this
// closes: they go back to their own `collect`, and what is no longer measured becomes NaN. All others are unregistered.

import { Histogram } from "../metrics/histogram.ts";
import { Info } from "../metrics/info.ts";
import { observableCounter, observableGauge } from "../metrics/observable.ts";
import type { Registry } from "../metrics/registry.ts";
import { type Activity, GC_KINDS, GcMonitor, readActivity } from "../system/index.ts";
import type { SystemSnapshot } from "../system/index.ts";
import { familyGroups } from "./families.ts";
import {
  type ObservedFamily,
  type ReadFamily,
  type SeriesValue,
  type SystemFacts,
  type SystemFamily,
  unitOf,
} from "./family.ts";

/** What gives the latest snapshot at once: a SystemSampler. */
export interface SnapshotSource {
  snapshot(): SystemSnapshot;
}

type Registered = NonNullable<ReturnType<Registry["get"]>>;

/** What declaring a family gives. */
interface Declared {
  readonly name: string;
}

/** A family in the registry, and what it was before. */
interface Held {
  readonly metric: Registered;
  readonly collect: Registered["collect"];
  readonly collectBefore: Registered["collect"];
}

/** The families of the table in one registry. */
export class Exposure implements Disposable {
  readonly #registry: Registry;
  readonly #prefix: string;
  readonly #held: Held[] = [];
  readonly #sources: SnapshotSource[] = [];
  readonly #gc: GcMonitor;
  #pauses: Histogram<"kind"> | undefined;
  #closing = false;

  /**
   * @throws {FlxError} `FLX_METRIC_CLASH` when a name belongs to another metric; then nothing is registered
   */
  constructor(registry: Registry, prefix: string, source: SnapshotSource) {
    this.#registry = registry;
    this.#prefix = prefix;
    this.#sources.push(source);
    this.#gc = new GcMonitor({
      onPause: (kind, seconds) => this.#pauses?.observe({ kind }, seconds),
    });
    try {
      for (const { families } of familyGroups) for (const family of families) this.#hold(family);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether all families are still in the registry: somebody may have cleared it. */
  get isRegistered(): boolean {
    return this.#held.every(({ metric }) => this.#registry.get(metric.name) === metric);
  }

  /** Takes snapshots from this source from now on. */
  add(source: SnapshotSource): void {
    this.#sources.push(source);
  }

  /** Takes no more snapshots from a source; gives how many sources are left. */
  remove(source: SnapshotSource): number {
    const at = this.#sources.lastIndexOf(source);
    if (at >= 0) this.#sources.splice(at, 1);
    return this.#sources.length;
  }

  [Symbol.dispose](): void {
    this.#gc.close();
    this.#closing = true;
    for (const held of this.#held.splice(0)) this.#release(held);
  }

  #hold(family: SystemFamily): void {
    const name = this.#prefix + family.name;
    const collectBefore = this.#registry.get(name)?.collect;
    const metric = this.#registry.get(this.#register(family, name).name)!;
    this.#held.push({ metric, collect: metric.collect, collectBefore });
  }

  #release({ metric, collect, collectBefore }: Held): void {
    if (this.#registry.get(metric.name) !== metric) return;
    this.#registry.release(metric.name);
    if (this.#registry.get(metric.name) !== metric) return;
    // Others have declared it, too. What we said is no longer so; a newer callback than ours is not ours to take away.
    void collect?.();
    if (metric.collect === collect) metric.collect = collectBefore;
  }

  #register(family: SystemFamily, name: string): Declared {
    if (family.type === "histogram") return this.#registerPauses(family, name);
    if (family.type === "info") return this.#registerInfo(family, name);
    return this.#registerObservable(family, name);
  }

  #registerObservable(family: ReadFamily, name: string): Declared {
    const { help, type, labelNames } = family;
    const unit = unitOf(name);
    const declaration = {
      name,
      help,
      ...(unit === undefined ? {} : { unit }),
      registers: [this.#registry],
    };
    const declare = type === "counter" ? observableCounter : observableGauge;
    if (labelNames.length === 0) {
      return declare({
        ...declaration,
        collect: (observe) => {
          for (const [, value] of this.#read(family)) observe(value);
        },
      });
    }
    return declare<string>({
      ...declaration,
      labelNames,
      collect: (observe) => {
        for (const [labels, value] of this.#read(family)) observe(labels, value);
      },
    });
  }

  #registerInfo(family: ReadFamily, name: string): Declared {
    const read = () => this.#read(family)[0]?.[0];
    const { help, labelNames } = family;
    const registers = [this.#registry];
    return new Info<string>({
      name,
      help,
      labelNames,
      registers,
      collect() {
        const labels = read();
        if (labels === undefined) this.reset();
        else this.set(labels);
      },
    });
  }

  #registerPauses({ help, buckets }: ObservedFamily, name: string): Declared {
    const gc = this.#gc;
    this.#pauses = new Histogram({
      name,
      help,
      unit: "seconds",
      labelNames: ["kind"],
      buckets,
      registers: [this.#registry],
      collect() {
        for (const kind of GC_KINDS) this.zero({ kind });
        // Counts what is queued.
        gc.totals();
      },
    });
    return this.#pauses;
  }

  #read({ type, labelNames, read }: ReadFamily): readonly Known[] {
    const source = this.#sources.at(-1);
    if (this.#closing || source === undefined) {
      return labelNames.length === 0 ? [[{}, Number.NaN]] : [];
    }
    const facts: SystemFacts = { snapshot: source.snapshot(), activity: activityOfThisTurn };
    const isKnown = type === "counter" ? isCount : isNumber;
    return read(facts).filter((series): series is Known => isKnown(series[1]));
  }
}

type Known = readonly [labels: SeriesValue[0], value: number];

const isNumber = (value: number | undefined): boolean =>
  value !== undefined && !Number.isNaN(value);

const isCount = (value: number | undefined): boolean =>
  value !== undefined && value >= 0 && value < Infinity;

let activity: Activity | undefined;

/** Read once for the families that want it: an exposition collects all of them in one turn of the loop. */
function activityOfThisTurn(): Activity {
  if (activity === undefined) {
    activity = readActivity();
    queueMicrotask(() => {
      activity = undefined;
    });
  }
  return activity;
}
