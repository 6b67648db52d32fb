// The series of one metric: label sets in a table, numbers in cells, and the rules every instrument shares.
//
//   labels ── LabelTable ── row ── Cells      found: two look-ups and an addition
//               │ not found
//               ▼
//            open(): wrong labels      reported (misuse.ts), the call does nothing
//                    too many series   the overflow series, all labels "__overflow__", and counted
//                    a new series      a row, from now on found
//
// `layout` changes whenever rows are removed or move: a bound handle keeps the place of its numbers and looks it up
// again then, so that a handle kept for ever never counts into another series' row.

import {
  type DurationMs,
  FlxError,
  isLegacyLabelName,
  type MetricType,
  type UnixMs,
} from "@flx/model/write";
import { type CellMemory, Cells, ownMemory } from "./cells.ts";
import { type ContextLabels, withContextLabels } from "./context-labels.ts";
import { CreatedTimes } from "./created-times.ts";
import { Expiry } from "./expiry.ts";
import { LabelTable, NO_ROW, type LabelInput } from "./label-table.ts";
import type { Misuse } from "./misuse.ts";
import type { NativeSeries } from "./native-series.ts";
import { RowSet } from "./row-set.ts";

/** The value of every label of the series that takes what is over `maxSeries`. */
export const OVERFLOW = "__overflow__";

/** Series a metric may have when nothing else is said. */
export const DEFAULT_MAX_SERIES = 10_000;

/** Types whose numbers only grow, from a time that is worth knowing. */
const COUNTING_TYPES: ReadonlySet<MetricType> = new Set(["counter", "histogram", "summary"]);

/** How the values of several threads or processes become one; "omit" leaves the metric out. */
export type Aggregator = "sum" | "min" | "max" | "average" | "first" | "omit";

/** Gives the memory of a metric that other threads read, and is told what happens to its series (fleet/). */
export interface SeriesSharing {
  readonly memory: CellMemory;
  /** A chunk of cells is new, or has moved; the one before is released after this. */
  chunk(index: number): void;
  /** A row stands for a series now; its labels are in the table. */
  opened(row: number): void;
  /** A row stands for no series any more; what it has may change after this. */
  closed(row: number): void;
  /** The exponential buckets of a row are new, or have moved; those before are released after this. */
  nativeMoved?(row: number, series: NativeSeries): void;
}

/** What every metric is declared with. */
export interface StoreOptions {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly unit?: string | undefined;
  readonly labelNames?: readonly string[] | undefined;
  /** Allowed values of a label, for labels that have a list. */
  readonly labelValues?: Readonly<Record<string, readonly unknown[] | undefined>> | undefined;
  readonly maxSeries?: number | undefined;
  /** How long a series may stand still before it is taken away (expiry.ts); default: for ever. */
  readonly expireAfterMs?: DurationMs | number | undefined;
  /** Milliseconds that never go back; default `performance.now()`. */
  readonly clock?: (() => number) | undefined;
  /** Milliseconds since 1970; default `Date.now()`. */
  readonly wallClock?: (() => number) | undefined;
  /** Whether the numbers began to count here, when their series was opened; default: of types that count. */
  readonly countsFromOpening?: boolean | undefined;
  /** How the values of several threads or processes become one (fleet/); default "sum". */
  readonly aggregator?: Aggregator | undefined;
  readonly misuse: Misuse;
  /** Numbers a series needs. */
  readonly stride: number;
  /** Labels the type itself writes (`le`, `quantile`). */
  readonly reservedLabels?: readonly string[];
  /** Labels that calls do not give, after those that they do. */
  readonly contextLabels?: ContextLabels | undefined;
}

/** The series of one metric and the rules for making and removing them. */
export class SeriesStore {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly unit: string | undefined;
  readonly labelNames: readonly string[];
  /** Those of them that calls give. */
  readonly givenNames: readonly string[];
  readonly table: LabelTable;
  readonly cells: Cells;
  readonly misuse: Misuse;
  readonly maxSeries: number;
  readonly aggregator: Aggregator | undefined;
  /** Set while other threads read the metric. */
  sharing: SeriesSharing | undefined;
  readonly wallClock: () => number;
  /** Changes when rows were removed. */
  epoch = 0;
  /** Changes when rows were removed or have moved: what was kept of a row's place must be looked up again. */
  layout = 0;
  /** Label sets that went to the overflow series. */
  overflowed = 0;
  /** Takes series away that stand still; called before an exposition. */
  readonly expire: (() => void) | undefined;
  /** Called with each row that was added or removed. */
  onRow: ((row: number) => void) | undefined;

  readonly #context: ContextLabels | undefined;
  readonly #allowed: readonly (ReadonlySet<string> | undefined)[];
  readonly #expiry: Expiry | undefined;
  readonly #created: CreatedTimes | undefined;
  readonly #used = new RowSet();

  /**
   * @throws {FlxError} `FLX_METRIC_NAME`, `FLX_METRIC_HELP`, `FLX_METRIC_LABEL_NAME`, `FLX_METRIC_UNIT`,
   *   `FLX_METRIC_MAX_SERIES`, `FLX_METRIC_EXPIRY`
   */
  constructor(options: StoreOptions) {
    checkDeclaration(options);
    this.name = options.name;
    this.help = options.help;
    this.type = options.type;
    this.unit = options.unit;
    this.givenNames = [...(options.labelNames ?? [])];
    this.#context = contextOf(options);
    this.labelNames = [...this.givenNames, ...(this.#context?.names ?? [])];
    this.misuse = options.misuse;
    this.maxSeries = options.maxSeries ?? DEFAULT_MAX_SERIES;
    this.aggregator = options.aggregator;
    this.table = new LabelTable(this.labelNames);
    this.cells = new Cells(options.stride);
    this.wallClock = options.wallClock ?? (() => Date.now());
    if (options.countsFromOpening ?? COUNTING_TYPES.has(options.type)) {
      this.#created = new CreatedTimes(this.wallClock);
    }
    this.#allowed = this.labelNames.map((name) => {
      // An own property: a label may be called "constructor".
      const lists = options.labelValues ?? {};
      const values = Object.hasOwn(lists, name) ? lists[name] : undefined;
      return values === undefined ? undefined : new Set(values.map(String));
    });
    if (this.labelNames.length === 0) {
      this.#addRow([]);
    } else if (options.expireAfterMs !== undefined) {
      const clock = options.clock ?? (() => performance.now());
      const expiry = new Expiry(this, options.expireAfterMs as DurationMs, clock);
      this.#expiry = expiry;
      this.expire = () => {
        expiry.sweep();
      };
    }
  }

  /** Rows given out, free ones included. */
  get rows(): number {
    return this.table.rows;
  }

  /** Series there are now; one without labels may have nothing to say (`show`). */
  get series(): number {
    return this.#used.size;
  }

  /** Whether labels change with the running work, so that no row can be kept for a call. */
  get hasContext(): boolean {
    return this.#context !== undefined;
  }

  /** Whether a row stands for a series. */
  isUsed(row: number): boolean {
    return this.#used.has(row);
  }

  /** When the series of a row began to count; `undefined` where that is not known here, or the type does not count. */
  createdMs(row: number): UnixMs | undefined {
    return this.#created?.of(row);
  }

  /** The row for labels as a caller passes them; NO_ROW when they were wrong and that was only counted. */
  row(labels: unknown): number {
    if (typeof labels === "object" && labels !== null) {
      const all = this.#complete(labels as LabelInput);
      const row = this.table.find(all);
      return row >= 0 ? row : this.#open(all);
    }
    if (this.givenNames.length === 0 && labels === undefined) {
      return this.#context === undefined ? 0 : this.row({});
    }
    this.misuse.report(
      "FLX_METRIC_LABELS",
      `${this.name} needs the labels ${this.givenNames.join(", ") || "(none)"}, got ${typeof labels}`,
    );
    return NO_ROW;
  }

  /** The row of a labels object, or of values in declared order. */
  rowOfArguments(args: readonly unknown[]): number {
    if (args.length === 1 && typeof args[0] === "object" && args[0] !== null)
      return this.row(args[0]);
    if (args.length !== this.givenNames.length) {
      this.misuse.report(
        "FLX_METRIC_LABELS",
        `${this.name} has ${this.givenNames.length} labels (${this.givenNames.join(", ")}), got ${args.length} values`,
      );
      return NO_ROW;
    }
    const row = this.#context === undefined ? this.table.findValues(args) : NO_ROW;
    if (row >= 0) return row;
    return this.row(Object.fromEntries(this.givenNames.map((name, i) => [name, args[i]])));
  }

  #complete(labels: LabelInput): LabelInput {
    const context = this.#context;
    return context === undefined ? labels : withContextLabels(labels, context.names, context.read);
  }

  /** Moves all numbers to memory that other threads read, or back to plain memory. */
  share(sharing: SeriesSharing | undefined): void {
    this.sharing = sharing;
    this.cells.moveTo(sharing?.memory ?? ownMemory, (index) => sharing?.chunk(index));
    this.layout++;
  }

  /** Takes a series away; a metric without labels goes back to zero instead. Unknown labels change nothing. */
  remove(args: readonly unknown[]): void {
    if (this.labelNames.length === 0) {
      this.cells.clearRow(0);
      this.#created?.opened(0);
      this.#reopen();
      return;
    }
    const isObject = args.length === 1 && typeof args[0] === "object" && args[0] !== null;
    const row = isObject
      ? this.table.find(this.#complete(args[0] as LabelInput))
      : this.table.findValues(args);
    if (row >= 0) this.removeRow(row);
  }

  /** Takes the series of a row away. */
  removeRow(row: number): void {
    this.table.remove(row);
    this.#used.delete(row);
    this.sharing?.closed(row);
    this.#created?.closed(row);
    this.epoch++;
    this.layout++;
    this.onRow?.(row);
  }

  /** Whether a metric without labels has its series: an info, or an observable, may have nothing to say. */
  show(present: boolean): void {
    if (this.isUsed(0) === present) return;
    if (present) this.#used.add(0);
    else this.#used.delete(0);
    this.epoch++;
    if (!present) this.sharing?.closed(0);
    this.onRow?.(0);
    if (present) this.sharing?.opened(0);
  }

  /** The one row of a metric without labels stands for a new series. */
  #reopen(): void {
    if (this.isUsed(0)) this.sharing?.closed(0);
    this.onRow?.(0);
    if (this.isUsed(0)) this.sharing?.opened(0);
  }

  /** Takes all series away; a metric without labels goes back to zero. */
  reset(): void {
    this.cells.clear();
    this.#created?.clear();
    if (this.labelNames.length === 0) {
      this.#created?.opened(0);
      this.#reopen();
      return;
    }
    for (let row = 0; row < this.table.rows; row++) {
      if (!this.isUsed(row)) continue;
      this.#used.delete(row);
      this.sharing?.closed(row);
      this.onRow?.(row);
    }
    this.table.clear();
    this.epoch++;
    this.layout++;
  }

  #open(labels: LabelInput): number {
    const values = this.table.values(labels);
    if (!Array.isArray(values)) {
      const { kind, name } = values as { kind: string; name: string };
      const what = { missing: "is missing", unknown: "is not declared", value: "has no text" }[
        kind
      ];
      this.misuse.report(
        "FLX_METRIC_LABELS",
        `label ${JSON.stringify(name)} of ${this.name} ${what}; declared are ${this.labelNames.join(", ") || "none"}`,
      );
      return NO_ROW;
    }
    if (this.labelNames.length === 0) return 0;
    const wrong = (values as readonly string[]).findIndex(
      (value, i) => this.#allowed[i]?.has(value) === false,
    );
    if (wrong >= 0) {
      this.misuse.report(
        "FLX_METRIC_LABELS",
        `label ${this.labelNames[wrong]} of ${this.name} may not be ${JSON.stringify(values[wrong])}`,
      );
      return NO_ROW;
    }
    if (this.table.size < this.maxSeries) return this.#addRow(values as readonly string[]);
    const overflow = this.labelNames.map(() => OVERFLOW);
    const row = this.table.findValues(overflow);
    // The overflow series comes on top of the others.
    if (row >= 0 && this.table.size === this.maxSeries)
      return this.#addRow(values as readonly string[]);
    this.overflowed++;
    return row >= 0 ? row : this.#addRow(overflow);
  }

  #addRow(values: readonly string[]): number {
    const row = this.table.add(values);
    if (this.cells.reserve(row)) this.layout++;
    this.cells.clearRow(row);
    this.#used.add(row);
    this.#expiry?.opened(row);
    this.#created?.opened(row);
    this.onRow?.(row);
    this.sharing?.opened(row);
    return row;
  }
}

/** The context's labels that a declaration does not have itself. */
function contextOf(options: StoreOptions): ContextLabels | undefined {
  const { contextLabels: context, labelNames = [], reservedLabels = [] } = options;
  const names = context?.names.filter(
    (name) => !labelNames.includes(name) && !reservedLabels.includes(name),
  );
  return names === undefined || names.length === 0 ? undefined : { names, read: context!.read };
}

function checkDeclaration(options: StoreOptions): void {
  const { name, help, unit, reservedLabels = [], maxSeries = 1 } = options;
  const labelNames = [...(options.labelNames ?? []), ...(contextOf(options)?.names ?? [])];
  if (typeof name !== "string" || name === "" || !name.isWellFormed()) {
    throw new FlxError("FLX_METRIC_NAME", `a metric needs a name, got ${JSON.stringify(name)}`);
  }
  if (typeof help !== "string") {
    throw new FlxError("FLX_METRIC_HELP", `metric ${name} needs a help text, got ${typeof help}`);
  }
  const bare = name.replace(/_total$/, "");
  if (unit !== undefined && (!isLegacyLabelName(unit) || !bare.endsWith(`_${unit}`))) {
    throw new FlxError("FLX_METRIC_UNIT", `the name ${name} must end with its unit, _${unit}`);
  }
  if (!(maxSeries >= 1)) {
    throw new FlxError(
      "FLX_METRIC_MAX_SERIES",
      `maxSeries of ${name} must be 1 or more, got ${maxSeries}`,
    );
  }
  for (const label of labelNames) {
    const twice = labelNames.indexOf(label) !== labelNames.lastIndexOf(label);
    const wrong =
      typeof label !== "string" || label === "" || !label.isWellFormed() || label.startsWith("__");
    if (wrong || twice || reservedLabels.includes(label)) {
      throw new FlxError(
        "FLX_METRIC_LABEL_NAME",
        `label ${JSON.stringify(label)} of ${name} ${twice ? "is declared twice" : "is not a name a label may have"}`,
      );
    }
  }
}
