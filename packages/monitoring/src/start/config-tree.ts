// Goes through the YAML of a configuration along a shape, keeps the settings that are found, and names what the shape does not
// have. Knows nothing of OpenTelemetry; config-schema.ts does.
//
//   shape    "otlp.traces.timeoutMs"     the node is the value of this setting
//            { sampler: ..., ... }       the node has these keys, others are named as unsupported
//            (node, path) => ...         it is looked at by a function

import { FlxError } from "@flx/model/errors";
import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type YAMLMap } from "yaml";
import { nearestName } from "../health/nearest-name.ts";

/** A part of the file that has no effect. */
export interface UnsupportedPart {
  /** tracer_provider.processors[0].simple */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

/** A value of a setting, and where it stands. */
export interface FileValue {
  readonly raw: unknown;
  readonly line: number;
}

/** What becomes of a node. */
export type Shape = string | ShapeParts | ((node: Node, path: string) => void);

/** Keys with their shapes. */
export interface ShapeParts {
  readonly [key: string]: Shape;
}

const MAX_DEPTH = 32;
/** Values read in all: aliases inside aliases make millions out of a few lines. */
const MAX_VALUES = 100_000;

/** A configuration's text, parsed. */
export interface ConfigSource {
  /** For errors. */
  readonly file: string;
  /** What `${...}` stands for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly lines: LineCounter;
  /** The node that an alias stands for. */
  readonly resolve: (node: Node) => Node | undefined;
}

/** Settings and unsupported parts, gathered on the way. */
export class ConfigTree {
  readonly values: Map<string, FileValue> = new Map();
  readonly unsupported: UnsupportedPart[] = [];
  readonly #source: ConfigSource;
  #count = 0;

  constructor(source: ConfigSource) {
    this.#source = source;
  }

  /** Goes through a node; one that says nothing (null) is passed over. */
  walk(node: Node, path: string, shape: Shape): void {
    const found = this.#resolve(node);
    if (found === undefined || isNull(found)) return;
    if (typeof shape === "function") shape(found, path);
    else if (typeof shape === "string") this.set(shape, found, path);
    else this.parts(found, path, shape);
  }

  /** Goes through the keys of a map; those without a shape are named. */
  parts(node: Node, path: string, shape: ShapeParts): void {
    for (const { name, at, key, value } of this.entries(node, path)) {
      const part = Object.hasOwn(shape, name) ? shape[name] : undefined;
      if (part === undefined) this.unknown(key, at, "not supported", name, Object.keys(shape));
      else if (value !== undefined) this.walk(value, at, part);
    }
  }

  /** Goes through a map whose only key says a kind (`always_on:`), its value may be nothing. */
  kind(
    node: Node,
    path: string,
    kinds: Readonly<Record<string, (node: Node | undefined, path: string) => void>>,
  ): void {
    for (const { name, at, key, value } of this.entries(node, path)) {
      const use = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
      if (use === undefined) this.unknown(key, at, "not supported", name, Object.keys(kinds));
      else use(value, at);
    }
  }

  /** The keys of a map with their values; undefined for null. */
  entries(
    node: Node,
    path: string,
  ): { name: string; at: string; key: Node; value: Node | undefined }[] {
    if (!isMap(node)) throw this.wrong(node, path, "must have keys and values");
    return (node as YAMLMap<Node, Node | null>).items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : "";
      const found = value === null ? undefined : this.#resolve(value);
      return {
        name,
        at: path === "" ? name : `${path}.${name}`,
        key,
        value: found === undefined || isNull(found) ? undefined : found,
      };
    });
  }

  /** The items of a list. */
  items(node: Node, path: string): Node[] {
    if (!isSeq(node)) throw this.wrong(node, path, "must be a list");
    return node.items as Node[];
  }

  /** The first item of a list; the others are named. */
  first(node: Node, path: string, shape: Shape): void {
    const [first, ...others] = this.items(node, path);
    if (first !== undefined) this.walk(first, `${path}[0]`, shape);
    for (const [i, other] of others.entries()) {
      this.name(other, `${path}[${i + 1}]`, "there is one exporter a signal; the first one counts");
    }
  }

  /** The node's value as a setting; the first place that has one counts. */
  set(name: string, node: Node, path: string): void {
    const raw = this.plain(node);
    if (raw === null || raw === undefined || raw === "") return;
    if (this.values.has(name)) this.name(node, path, `${name} is set already`);
    else this.put(name, raw, node);
  }

  /** Sets a value whatever is there. */
  put(name: string, raw: unknown, node: Node): void {
    this.values.set(name, { raw, line: this.#place(node).line });
  }

  /** Adds to a list that may be there from another key of the same meaning. */
  merge(name: string, items: readonly string[], node: Node): void {
    const before = (this.values.get(name)?.raw ?? []) as readonly string[];
    this.put(name, [...new Set([...before, ...items])], node);
  }

  /** Names a part that has no effect. */
  name(node: Node, path: string, reason: string): void {
    this.unsupported.push({ path, ...this.#place(node), reason });
  }

  /** Names a key that is none, with the nearest that is. */
  unknown(node: Node, path: string, reason: string, name: string, known: readonly string[]): void {
    const nearest = nearestName(name, known);
    this.name(node, path, nearest === undefined ? reason : `${reason}; did you mean ${nearest}?`);
  }

  /** The error for a node that cannot be. */
  wrong(node: Node, path: string, message: string): FlxError {
    const { line, column } = this.#place(node);
    return new FlxError(
      "FLX_CONFIG_FILE",
      `${this.#source.file}:${line}:${column}: ${path === "" ? "the file" : path} ${message}`,
    );
  }

  /** A node as JavaScript has it, variables filled in. */
  plain(node: Node, depth = 0): unknown {
    const found = this.#resolve(node);
    if (found === undefined) return undefined;
    if (depth > MAX_DEPTH) throw this.wrong(found, "a value", "is nested too deep");
    if (++this.#count > MAX_VALUES) throw this.wrong(found, "a value", "is one too many");
    if (isScalar(found)) {
      return typeof found.value === "string" ? this.#substitute(found.value, found) : found.value;
    }
    if (isSeq(found)) return found.items.map((item) => this.plain(item as Node, depth + 1));
    if (!isMap(found)) return undefined;
    return Object.fromEntries(
      this.entries(found, "").map(({ name, value }) => [
        name,
        value === undefined ? null : this.plain(value, depth + 1),
      ]),
    );
  }

  #resolve(node: Node): Node | undefined {
    return isAlias(node) ? this.#source.resolve(node) : node;
  }

  #place(node: Node): { line: number; column: number } {
    const { line, col } = this.#source.lines.linePos(node.range?.[0] ?? 0);
    return { line, column: col };
  }

  /** `${NAME}`, `${env:NAME}`, `${NAME:-default}`, `$$`. */
  #substitute(text: string, node: Node): string {
    return text.replaceAll(REFERENCE, (whole, inside: string | undefined) => {
      if (inside === undefined) return "$";
      const parts = /^(?:env:)?([A-Za-z_]\w*)(?::-(.*))?$/s.exec(inside);
      if (parts === null) {
        throw this.wrong(node, whole.slice(0, 60), "is no reference to a variable");
      }
      const value = this.#source.env[parts[1]!] ?? "";
      return value === "" ? (parts[2] ?? "") : value;
    });
  }
}

const REFERENCE = /\$\$|\$\{([^}]*)\}/g;

function isNull(node: Node): boolean {
  return isScalar(node) && node.value === null;
}
