// A label set: the identity of a series.
//
//   Labels { method="GET", status="200" }
//   └── pairs   ["method", "GET", "status", "200"]    flat, sorted by name (UTF-8 order), no name twice
//       ├── key    "6:method3:GET6:status3:200"        injective: equal keys <=> equal label sets
//       └── hash   32 bits                             for typed-array tables; always confirm by equals()
//
// Why a length before every text in the key: joining names and values with a separator merges series as
// soon as a value contains it ({a:"x|y",b:"z"} and {a:"x",b:"y|z"}; seen in the clients people use). A
// length cannot be forged by what follows it, so no value, whatever it holds, can imitate another set.
//
// Two rules of the Prometheus data model are kept here, so that nobody else has to remember them:
// a label with an empty value is the same as no label, and names and values are Unicode text. A string
// with a lone surrogate is not: on the wire it would turn into U+FFFD and could meet another series
// there, so it is refused here; callers who prefer a replacement say so with `toWellFormed()`.
//
// The metric name is the label `__name__`, as everywhere in Prometheus.

import { FlxError } from "./errors.ts";
import { compareUtf8 } from "./text-order.ts";
import { escapeLabelValue } from "./exposition/escape.ts";
import { isLegacyLabelName, isLegacyMetricName } from "./names.ts";

/** The label that holds the metric name. */
export const METRIC_NAME = "__name__";

/** What a label set can be made from: a record, or pairs of name and value. */
export type LabelsInput = Readonly<Record<string, string>> | Iterable<readonly [string, string]>;

/** An immutable label set, sorted by name. Equal sets have equal `key` and `hash`. */
export class Labels implements Iterable<readonly [name: string, value: string]> {
  /** The set without labels. */
  static readonly empty: Labels = new Labels([]);

  readonly #pairs: readonly string[];
  #key: string | undefined;
  #hash: number | undefined;

  private constructor(pairs: readonly string[]) {
    this.#pairs = pairs;
  }

  /**
   * The label set of a record or of pairs, in any order. Labels with an empty value are left out.
   *
   * @throws {FlxError} `FLX_LABEL_NAME` when a name is empty or not Unicode text, `FLX_LABEL_VALUE` when a
   *   value is not a string or not Unicode text, `FLX_LABEL_DUPLICATE` when a name occurs twice
   * @example Labels.from({ status: "200", method: "GET" }).toString() // '{method="GET", status="200"}'
   */
  static from(input: LabelsInput): Labels {
    const entries = Symbol.iterator in input ? [...input] : Object.entries(input);
    for (const [name, value] of entries) {
      checkName(name);
      checkValue(name, value);
    }
    entries.sort((a, b) => compareUtf8(a[0], b[0]));
    const pairs: string[] = [];
    let previous: string | undefined;
    for (const [name, value] of entries) {
      if (name === previous) {
        throw new FlxError("FLX_LABEL_DUPLICATE", `label ${JSON.stringify(name)} is given twice`);
      }
      previous = name;
      if (value !== "") pairs.push(name, value);
    }
    return pairs.length === 0 ? Labels.empty : new Labels(pairs);
  }

  /**
   * The label set of a flat list `[name, value, name, value ...]` that the caller has sorted and checked: for
   * codecs that decode many sets. Not checked and not copied; the caller gives the list away.
   */
  static fromSortedPairs(pairs: readonly string[]): Labels {
    return new Labels(pairs);
  }

  /** How many labels the set has, the metric name included. */
  get size(): number {
    return this.#pairs.length / 2;
  }

  /** The metric name (the value of `__name__`), or `undefined`. */
  get metricName(): string | undefined {
    return this.get(METRIC_NAME);
  }

  /** The value of a label, or `undefined` when the set does not have it. */
  get(name: string): string | undefined {
    const pairs = this.#pairs;
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] === name) return pairs[i + 1];
    }
    return undefined;
  }

  /** Whether the set has the label. */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /**
   * This set with one label set to a value; an empty value takes the label away.
   *
   * @throws {FlxError} `FLX_LABEL_NAME`, `FLX_LABEL_VALUE` as in `Labels.from`
   * @example Labels.from({ a: "1" }).with("b", "2").toString() // '{a="1", b="2"}'
   */
  with(name: string, value: string): Labels {
    checkName(name);
    checkValue(name, value);
    if (value === "") return this.without(name);
    const pairs = this.#pairs;
    let at = 0;
    while (at < pairs.length && compareUtf8(pairs[at]!, name) < 0) at += 2;
    const after = pairs[at] === name ? at + 2 : at;
    return new Labels([...pairs.slice(0, at), name, value, ...pairs.slice(after)]);
  }

  /**
   * This set without the named labels.
   *
   * @example Labels.from({ a: "1", b: "2" }).without("a").toString() // '{b="2"}'
   */
  without(...names: readonly string[]): Labels {
    return this.#filter((name) => !names.includes(name));
  }

  /**
   * Only the named labels of this set.
   *
   * @example Labels.from({ a: "1", b: "2" }).only("a", "c").toString() // '{a="1"}'
   */
  only(...names: readonly string[]): Labels {
    return this.#filter((name) => names.includes(name));
  }

  /** Whether both sets have the same names with the same values. */
  equals(other: Labels): boolean {
    if (this === other) return true;
    const a = this.#pairs;
    const b = other.#pairs;
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
      if (a[i] !== b[i]) return false;
    }
    return true;
  }

  /** The order of Prometheus: label by label, name before value, a shorter set before a longer one. */
  compare(other: Labels): number {
    const a = this.#pairs;
    const b = other.#pairs;
    const length = Math.min(a.length, b.length);
    for (let i = 0; i < length; i++) {
      const order = compareUtf8(a[i]!, b[i]!);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }

  /**
   * A text that identifies the set: two sets have the same key exactly when they are equal. For `Map` and
   * `Set`; not a format, it may change between versions.
   */
  get key(): string {
    if (this.#key === undefined) {
      let key = "";
      for (const text of this.#pairs) key += `${text.length}:${text}`;
      this.#key = key;
    }
    return this.#key;
  }

  /**
   * 32 unsigned bits, equal for equal sets. Different sets may share a hash (any 32 bits can), so a table keyed
   * by it compares with `equals`. Not seeded: do not let strangers choose what lands in one bucket.
   */
  get hash(): number {
    this.#hash ??= hashTexts(this.#pairs);
    return this.#hash;
  }

  /** Name and value, in the order of the set. */
  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    const pairs = this.#pairs;
    for (let i = 0; i < pairs.length; i += 2) yield [pairs[i]!, pairs[i + 1]!];
  }

  /** The flat list `[name, value, name, value ...]`, sorted by name. */
  get pairs(): readonly string[] {
    return this.#pairs;
  }

  /**
   * As Prometheus writes a series: `up{instance="a:1", job="node"}`. Names outside the classic character set are
   * quoted: `{"my.metric", "http.method"="GET"}`.
   */
  toString(): string {
    const metricName = this.metricName;
    const parts: string[] = [];
    let prefix = "";
    if (metricName !== undefined) {
      if (isLegacyMetricName(metricName)) prefix = metricName;
      else parts.push(quote(metricName));
    }
    for (const [name, value] of this) {
      if (name === METRIC_NAME) continue;
      parts.push(`${isLegacyLabelName(name) ? name : quote(name)}=${quote(value)}`);
    }
    return parts.length === 0 && prefix !== "" ? prefix : `${prefix}{${parts.join(", ")}}`;
  }

  /** A record without prototype, so that a label called `__proto__` is a label like any other. */
  toJSON(): Record<string, string> {
    const record: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const [name, value] of this) record[name] = value;
    return record;
  }

  #filter(keep: (name: string) => boolean): Labels {
    const pairs: string[] = [];
    for (const [name, value] of this) {
      if (keep(name)) pairs.push(name, value);
    }
    if (pairs.length === this.#pairs.length) return this;
    return pairs.length === 0 ? Labels.empty : new Labels(pairs);
  }
}

function quote(text: string): string {
  return `"${escapeLabelValue(text)}"`;
}

function checkName(name: string): void {
  if (typeof name !== "string" || name === "" || !name.isWellFormed()) {
    throw new FlxError(
      "FLX_LABEL_NAME",
      `a label name must be non-empty Unicode text, got ${JSON.stringify(name)}`,
    );
  }
}

function checkValue(name: string, value: string): void {
  if (typeof value !== "string" || !value.isWellFormed()) {
    throw new FlxError(
      "FLX_LABEL_VALUE",
      `the value of label ${JSON.stringify(name)} must be Unicode text, got ${JSON.stringify(value) ?? typeof value}`,
    );
  }
}

/**
 * Mixes every code unit of every text, and each text's length after it, so that ["ab","c"] and ["a","bc"] differ. The
 * rounds are those of MurmurHash3 (32 bits, Austin Appleby, public domain), one block a code unit.
 */
function hashTexts(texts: readonly string[]): number {
  let hash = texts.length;
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
    hash = mix(hash, text.length);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mix(hash: number, block: number): number {
  let k = Math.imul(block, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const mixed = hash ^ k;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
