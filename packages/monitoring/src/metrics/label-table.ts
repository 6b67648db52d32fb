// Which row of a metric a label set stands for: the look-up on the path of every labelled call.
//
//   inc({ method: "GET", path: "/a" })
//            │ one interner a label:  text -> id          "GET" -> 0      "/a" -> 7
//            ▼
//        (0, 7) ── hash ──► slots ──► row 42 ──► ids of row 42 are (0, 7): found
//
//   ids    [0 7 | 1 7 | 0 3 | ...]     one id a label and row, in the order the labels were declared
//   slots  open addressing, at most 13/16 full; EMPTY, REMOVED, or a row
//
// Why ids and one flat table, and not a Map a label inside another: 100,000 series cost 20 bytes each instead of 150, and
// the second look-up is two array reads. Nothing is joined into a string, so no value can imitate two others, and
// nothing of the caller's object is kept.
//
// The first few thousand label sets are also remembered in nested Maps, which are a third faster than the flat table and
// five times as large; so busy metrics are fast, and huge ones small.
//
// The loop over the caller's labels reads name and value of each in one pass (the engine's fastest way to read an object of
// unknown shape) and checks the names on the way: labels in declared order need no look-up of names. Everything else
// (another order, a missing label, a new series) takes the slow path.

import { labelString } from "./label-values.ts";

/** What `find` gives when the labels are not those declared; `describeMismatch` says how. */
export const NO_ROW = -1;

const EMPTY = -1;
const REMOVED = -2;
const FIRST_CAPACITY = 8;

/** Label sets that the front remembers: the busy ones of nearly every metric, and at most some 200 KB. */
const FRONT_CAPACITY = 4096;

/** The front: a Map a label, the last one giving the row. Keyed by what callers pass, so 200 and "200" both work. */
type FrontMap = Map<unknown, FrontNode>;
type FrontNode = FrontMap | number;

/** Labels as a caller passes them. */
export type LabelInput = Readonly<Record<string, unknown>>;

/** The rows of one metric by their labels. */
export class LabelTable {
  /** The declared labels, in order. */
  readonly names: readonly string[];
  /** Rows given out so far; removed ones are given out again first. */
  rows = 0;
  /** Rows in use. */
  size = 0;

  readonly #width: number;
  readonly #interners: readonly Interner[];
  /** The ids of the label set being looked up. */
  readonly #wanted: Int32Array;
  #ids: Int32Array;
  #slots: Int32Array;
  #mask: number;
  /** Slots that are not EMPTY. */
  #filled = 0;
  #freeRows: number[] = [];
  #front: FrontMap = new Map();
  #frontSize = 0;

  constructor(names: readonly string[]) {
    this.names = names;
    this.#width = names.length;
    this.#interners = names.map(() => new Interner());
    this.#wanted = new Int32Array(names.length);
    this.#ids = new Int32Array(FIRST_CAPACITY * names.length);
    this.#slots = new Int32Array(FIRST_CAPACITY * 2).fill(EMPTY);
    this.#mask = this.#slots.length - 1;
  }

  /** The row of a label set that has one; NO_ROW for a new set and for labels that do not fit. */
  find(labels: LabelInput): number {
    const { names } = this;
    let node: FrontNode | undefined = this.#front;
    let position = 0;
    for (const name in labels) {
      if (name !== names[position] || typeof node === "number") return this.#findSlowly(labels);
      node = node.get(labels[name]);
      if (node === undefined) return this.#findSlowly(labels);
      position++;
    }
    return typeof node === "number" ? node : this.#findSlowly(labels);
  }

  /**
   * A row for a new label set; call it only when `find` gave NO_ROW.
   *
   * @param values one for each declared label, in order
   */
  add(values: readonly string[]): number {
    const row = this.#freeRows.pop() ?? this.rows++;
    const width = this.#width;
    if ((row + 1) * width > this.#ids.length) this.#growIds(row + 1);
    for (let i = 0; i < width; i++)
      this.#ids[row * width + i] = this.#interners[i]!.take(values[i]!);
    if ((this.#filled + 1) * 16 > this.#slots.length * 13) this.#rehash();
    this.#insert(row);
    this.size++;
    return row;
  }

  /** The row of values in declared order, or NO_ROW. */
  findValues(values: readonly unknown[]): number {
    let hash = 0;
    for (let i = 0; i < this.#width; i++) {
      const id = this.#interners[i]!.id(values[i]);
      if (id === undefined) return NO_ROW;
      this.#wanted[i] = id;
      hash = mix(hash, id);
    }
    return this.#probe(hash);
  }

  /** The caller's label values in declared order, or what is wrong with them. */
  values(labels: LabelInput): readonly string[] | LabelMismatch {
    const values: string[] = [];
    for (const name of this.names) {
      const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
      const string = labelString(value);
      if (string === undefined) return { kind: value === undefined ? "missing" : "value", name };
      values.push(string);
    }
    for (const name in labels) {
      if (!this.names.includes(name)) return { kind: "unknown", name };
    }
    return values;
  }

  /** The label values of a row, in declared order. */
  valuesOf(row: number): string[] {
    return this.#interners.map((interner, i) => interner.value(this.#ids[row * this.#width + i]!));
  }

  /** The same into a list that is used again and again. */
  readValues(row: number, into: string[]): void {
    const first = row * this.#width;
    for (let i = 0; i < this.#width; i++) {
      into[i] = this.#interners[i]!.value(this.#ids[first + i]!);
    }
  }

  /** Takes a row out; it will be given to the next new label set. */
  remove(row: number): void {
    this.#forgetFront();
    let hash = 0;
    const first = row * this.#width;
    for (let i = 0; i < this.#width; i++) hash = mix(hash, this.#ids[first + i]!);
    let slot = hash & this.#mask;
    while (this.#slots[slot] !== row) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = REMOVED;
    for (let i = 0; i < this.#width; i++) this.#interners[i]!.release(this.#ids[first + i]!);
    this.#freeRows.push(row);
    this.size--;
  }

  /** Takes every row out. */
  clear(): void {
    this.#forgetFront();
    for (const interner of this.#interners) interner.clear();
    this.#slots.fill(EMPTY);
    this.#filled = 0;
    this.#freeRows = [];
    this.rows = 0;
    this.size = 0;
  }

  /** The same by the flat table, in any order of labels; what is found is remembered in the front. */
  #findSlowly(labels: LabelInput): number {
    let given = 0;
    let inOrder = true;
    for (const name in labels) inOrder = name === this.names[given++] && inOrder;
    if (given !== this.#width) return NO_ROW;
    let hash = 0;
    for (let i = 0; i < this.#width; i++) {
      const id = this.#interners[i]!.id(labels[this.names[i]!]);
      if (id === undefined) return NO_ROW;
      this.#wanted[i] = id;
      hash = mix(hash, id);
    }
    const row = this.#probe(hash);
    if (row !== NO_ROW && inOrder && this.#frontSize < FRONT_CAPACITY) this.#remember(labels, row);
    return row;
  }

  #remember(labels: LabelInput, row: number): void {
    const last = this.#width - 1;
    let node = this.#front;
    for (let i = 0; i < last; i++) {
      const value = labels[this.names[i]!];
      let next = node.get(value) as FrontMap | undefined;
      if (next === undefined) {
        next = new Map();
        node.set(value, next);
      }
      node = next;
    }
    if (last >= 0) {
      node.set(labels[this.names[last]!], row);
      this.#frontSize++;
    }
  }

  #forgetFront(): void {
    if (this.#frontSize === 0) return;
    this.#front = new Map();
    this.#frontSize = 0;
  }

  #probe(hash: number): number {
    const width = this.#width;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const row = this.#slots[slot]!;
      if (row === EMPTY) return NO_ROW;
      if (row === REMOVED) continue;
      let i = 0;
      while (i < width && this.#ids[row * width + i] === this.#wanted[i]) i++;
      if (i === width) return row;
    }
  }

  #insert(row: number): void {
    let hash = 0;
    const first = row * this.#width;
    for (let i = 0; i < this.#width; i++) hash = mix(hash, this.#ids[first + i]!);
    let slot = hash & this.#mask;
    while (this.#slots[slot]! >= 0) slot = (slot + 1) & this.#mask;
    if (this.#slots[slot] === EMPTY) this.#filled++;
    this.#slots[slot] = row;
  }

  /** Room for more rows, or the same room without the REMOVED slots. */
  #rehash(): void {
    const rows = this.#slots.filter((row) => row >= 0);
    let capacity = this.#slots.length;
    while ((rows.length + 1) * 4 > capacity * 3) capacity *= 2;
    this.#slots = new Int32Array(capacity).fill(EMPTY);
    this.#mask = capacity - 1;
    this.#filled = 0;
    for (const row of rows) this.#insert(row);
  }

  #growIds(rows: number): void {
    // By an eighth, not double: at 100,000 series the difference is half a megabyte.
    const grown = new Int32Array((rows + 8 + (rows >> 3)) * this.#width);
    grown.set(this.#ids);
    this.#ids = grown;
  }
}

/** Why labels do not fit: one is missing, not declared, or has a value that is none. */
export interface LabelMismatch {
  readonly kind: "missing" | "unknown" | "value";
  readonly name: string;
}

function mix(hash: number, id: number): number {
  const product = Math.imul(hash ^ id, 0x9e3779b1);
  return product ^ (product >>> 15);
}

/** Gives every different value of one label a small number, and takes the number back when no row needs it. */
class Interner {
  readonly #ids = new Map<string, number>();
  readonly #values: string[] = [];
  /** How many rows use an id. */
  readonly #uses: number[] = [];
  readonly #free: number[] = [];

  /** The id of a value as callers pass it, or `undefined` when no row has it (or it is no label value). */
  id(value: unknown): number | undefined {
    if (typeof value === "string") return this.#ids.get(value);
    const string = labelString(value);
    return string === undefined ? undefined : this.#ids.get(string);
  }

  value(id: number): string {
    return this.#values[id]!;
  }

  /** The id of a value, new if need be, for one more row. */
  take(value: string): number {
    let id = this.#ids.get(value);
    if (id === undefined) {
      id = this.#free.pop() ?? this.#values.length;
      this.#ids.set(value, id);
      this.#values[id] = value;
      this.#uses[id] = 0;
    }
    this.#uses[id]!++;
    return id;
  }

  /** One row less uses the id. */
  release(id: number): void {
    if (--this.#uses[id]! > 0) return;
    this.#ids.delete(this.#values[id]!);
    this.#values[id] = "";
    this.#free.push(id);
  }

  clear(): void {
    this.#ids.clear();
    this.#values.length = 0;
    this.#uses.length = 0;
    this.#free.length = 0;
  }
}
