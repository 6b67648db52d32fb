// The series of one metric by their labels, on the core's label table and number cells.
//
//   inc({ method: "GET" })
//     ├─ LabelTable.find ──► row ──► Cells              every declared label given: nothing else happens
//     └─ open()                                         labels left out, another spelling, a new series
//
// What the core's own store does not do and this one must, because the peer does: labels may be left out, series are
// exposed in the order in which they were made, and labels are written as the caller wrote them first (label-shape.ts).
//
// The table gives rows that became free to the next series, which disturbs the order. So each row knows when it was made,
// and the first reader after such a reuse puts everything in order again; metrics whose series are never removed pay
// nothing for it. `layout` changes whenever a row is removed or moves: handles look their row up again then.
//
// Left-out labels are empty ones: {} and { a: "" } are one series, as they are for Prometheus.

import { inspect } from "node:util";
import { Cells } from "../metrics/cells.ts";
import { LabelTable } from "../metrics/label-table.ts";
import { comparedText, type LabelShape, LabelShapes, valueOfKind } from "./label-shape.ts";

/** Labels as callers pass them. */
export type LabelRecord = Readonly<Record<string, unknown>>;

const NO_LABELS: LabelRecord = {};

/** The series of one metric; `Extra` is what a series has besides numbers. */
export class LabelSeries<Extra = undefined> {
  readonly names: readonly string[];
  table: LabelTable;
  cells: Cells;
  /** Changes when a row was removed or has moved. */
  layout = 0;
  /** By row. */
  extras: (Extra | undefined)[] = [];
  /** The row of the series without labels when it is known, or -1. */
  bareRow = -1;
  /** The numbers of the only series of a metric without labels, while it is there: what calls without labels write to. */
  single: Float64Array | undefined;
  /** Called with each row that was added or removed. */
  onRow: ((row: number) => void) | undefined;
  /** Called when all rows are others: everything kept of them is void. */
  onRearranged: (() => void) | undefined;

  readonly #stride: number;
  #shapes: LabelShapes = new LabelShapes();
  #shapeOf: LabelShape[] = [];
  #madeAt: number[] = [];
  #made = 0;
  #used: boolean[] = [];
  #inOrder = true;

  /** @param stride numbers a series has */
  constructor(names: readonly string[], stride: number) {
    this.names = [...new Set(names)];
    this.#stride = stride;
    this.table = new LabelTable(this.names);
    this.cells = new Cells(stride);
  }

  /** Rows given out, free ones included. */
  get rows(): number {
    return this.table.rows;
  }

  isUsed(row: number): boolean {
    return this.#used[row] === true;
  }

  /**
   * The row of a label set, made when there is none.
   *
   * @throws {Error} when a label is not declared
   */
  row(labels: LabelRecord): number {
    const row = this.table.find(labels);
    return row >= 0 ? row : this.#open(labels);
  }

  /** The row of the series without labels, made when there is none. */
  bare(): number {
    if (this.bareRow < 0) {
      this.bareRow = this.#open(NO_LABELS);
      if (this.names.length === 0) this.single = this.cells.row(this.bareRow);
    }
    return this.bareRow;
  }

  /** The row of a label set, or -1. */
  existing(labels: LabelRecord): number {
    const row = this.table.find(labels);
    return row >= 0 ? row : this.table.findValues(this.#texts(labels));
  }

  /** Takes a series away; one that is not there is no error. */
  remove(labels: LabelRecord): void {
    const row = this.existing(labels);
    if (row >= 0) this.removeRow(row);
  }

  /** Takes the series of a row away. */
  removeRow(row: number): void {
    this.table.remove(row);
    this.#used[row] = false;
    this.extras[row] = undefined;
    this.bareRow = -1;
    this.single = undefined;
    this.layout++;
    this.onRow?.(row);
  }

  /** Takes all series away. */
  clear(): void {
    this.table = new LabelTable(this.names);
    this.cells = new Cells(this.#stride);
    this.extras = [];
    this.#shapes = new LabelShapes();
    this.#shapeOf = [];
    this.#madeAt = [];
    this.#used = [];
    this.#inOrder = true;
    this.#rearranged();
  }

  /** Puts the rows in the order in which they were made; call it before reading them all. */
  arrange(): void {
    if (this.#inOrder) return;
    const rows = this.usedRows().toSorted((a, b) => this.#madeAt[a]! - this.#madeAt[b]!);
    const old = {
      table: this.table,
      cells: this.cells,
      extras: this.extras,
      shapes: this.#shapeOf,
      madeAt: this.#madeAt,
    };
    this.table = new LabelTable(this.names);
    this.cells = new Cells(this.#stride);
    this.extras = [];
    this.#shapeOf = [];
    this.#madeAt = [];
    this.#used = [];
    for (const before of rows) {
      const row = this.table.add(old.table.valuesOf(before));
      this.cells.reserve(row);
      this.cells.row(row).set(old.cells.row(before));
      this.extras[row] = old.extras[before];
      this.#shapeOf[row] = old.shapes[before]!;
      this.#madeAt[row] = old.madeAt[before]!;
      this.#used[row] = true;
    }
    this.#inOrder = true;
    this.#rearranged();
  }

  /** The rows in use, ascending. */
  usedRows(): number[] {
    const rows: number[] = [];
    for (let row = 0; row < this.table.rows; row++) if (this.isUsed(row)) rows.push(row);
    return rows;
  }

  /** How the labels of a row were written the first time. */
  shape(row: number): LabelShape {
    return this.#shapeOf[row]!;
  }

  /** The labels of a row as they were passed the first time. */
  labels(row: number): Record<string, unknown> {
    const { names, kinds } = this.shape(row);
    const texts = this.table.valuesOf(row);
    const labels: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      labels[name] = valueOfKind(kinds[i]!, texts[this.names.indexOf(name)]!);
    }
    return labels;
  }

  /**
   * Checks the names of labels.
   *
   * @throws {Error} when one is not declared
   */
  validate(labels: LabelRecord | undefined | null): void {
    for (const name in labels) {
      if (this.names.includes(name)) continue;
      const declared = inspect(this.names.toSorted());
      throw new Error(`Added label "${name}" is not included in initial labelset: ${declared}`);
    }
  }

  #open(labels: LabelRecord): number {
    this.validate(labels);
    const texts = this.#texts(labels);
    const known = this.table.findValues(texts);
    if (known >= 0) return known;
    const next = this.table.rows;
    const row = this.table.add(texts);
    if (row < next) this.#inOrder = false;
    if (this.cells.reserve(row)) this.layout++;
    this.cells.clearRow(row);
    this.#used[row] = true;
    this.#shapeOf[row] = this.#shapes.of(labels);
    this.#madeAt[row] = this.#made++;
    this.extras[row] = undefined;
    this.onRow?.(row);
    return row;
  }

  #texts(labels: LabelRecord): string[] {
    return this.names.map((name) => comparedText(labels[name]));
  }

  #rearranged(): void {
    this.bareRow = -1;
    this.single = undefined;
    this.layout++;
    this.onRearranged?.();
  }
}

/**
 * Labels from the arguments of `labels(...)` and `remove(...)`: an object, or one value a label. What is kept is a copy.
 *
 * @throws {Error} when there are more or fewer values than labels
 */
export function labelArguments(names: readonly string[], args: readonly unknown[]): LabelRecord {
  const [first] = args;
  if (typeof first === "object") return copyOf(first as LabelRecord | null);
  if (args.length !== names.length) {
    throw new Error(
      `Invalid number of arguments (${args.length}): "${args.join(", ")}" for label names (${names.length}): "${names.join(", ")}".`,
    );
  }
  return Object.fromEntries(names.map((name, i) => [name, args[i]]));
}

/** A copy, inherited labels included: those of a class instance count as its own. */
function copyOf(labels: LabelRecord | null): LabelRecord {
  const copy: Record<string, unknown> = {};
  for (const name in labels) copy[name] = labels[name];
  return copy;
}

/** Whether an argument is labels rather than a value. */
export function isLabels(argument: unknown): argument is LabelRecord {
  return typeof argument === "object" && argument !== null;
}
