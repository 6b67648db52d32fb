// YAML text as a tree in which every value knows its place, and bounded in every dimension.
//
//   global:                      map ── "global" ── map ── "scrape_interval" ── scalar "15s" at 2:20
//     scrape_interval: 15s
//
// YAML 1.2 core schema, as the `yaml` package reads it. Keys must be texts and may stand once. Anchors and merge keys
// are followed, up to MAX_ALIASES times and MAX_NODES values in all, so that a small text cannot unfold into a large tree.

import type { Alias, LineCounter, Node, Pair, Scalar, YAMLError } from "yaml";
import { yaml } from "../base/yaml.ts";
import { ConfigError, type ConfigProblem, type Place } from "./problem.ts";

/** A text, number, switch or nothing. */
export interface ScalarNode {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As it is written, without quotes. */
  readonly text: string;
  /** Whether it stands in quotes: then it is a text, whatever it looks like. */
  readonly isQuoted: boolean;
  readonly place: Place;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly ConfigNode[];
  readonly place: Place;
}

export interface MapNode {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, MapEntry>;
  readonly place: Place;
}

export interface MapEntry {
  readonly keyPlace: Place;
  readonly node: ConfigNode;
}

/** A value of a configuration with its place. */
export type ConfigNode = ScalarNode | ListNode | MapNode;

const MAX_TEXT = 4 * 1024 * 1024;
const MAX_NODES = 1_000_000;
const MAX_ALIASES = 10_000;
const MAX_DEPTH = 64;

const START: Place = { line: 1, column: 1 };

/**
 * Reads a YAML text; an empty one is an empty map.
 *
 * @param file what the text was read from, for messages
 * @throws {ConfigError} when it is not YAML, more than one document, too large or too deep
 */
export function readDocument(text: string, file: string): ConfigNode {
  if (text.length > MAX_TEXT) {
    throw refusal(file, START, `longer than ${MAX_TEXT} characters`);
  }
  const library = yaml();
  const lines = new library.LineCounter();
  const document = library.parseDocument(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    strict: true,
    uniqueKeys: true,
  });
  const problems = [...document.errors, ...document.warnings].map((error): ConfigProblem => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { path: "", line, column: col, message: messageOf(error) };
  });
  if (problems.length > 0) throw new ConfigError(file, problems);
  const tree = new Tree(file, lines, (alias) => alias.resolve(document));
  const { contents } = document;
  if (contents === null || (library.isScalar(contents) && contents.value === null)) {
    return documentOf({});
  }
  return tree.read(contents, 0);
}

/** Values of a program as if they had been read: maps, lists, texts in quotes, numbers and switches. */
export function documentOf(value: unknown): ConfigNode {
  const place = START;
  if (Array.isArray(value)) return { kind: "list", items: value.map(documentOf), place };
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(
      ([key, each]) => [key, { keyPlace: place, node: documentOf(each) }] as const,
    );
    return { kind: "map", entries: new Map(entries), place };
  }
  const scalar = value as ScalarNode["value"];
  const text = scalar === null ? "" : String(scalar);
  return { kind: "scalar", value: scalar, text, isQuoted: typeof value === "string", place };
}

/** The library's words without what stands in the text: it may be a password that begins with a sign of YAML's. */
function messageOf({ code, message }: YAMLError): string {
  if (code === "TAG_RESOLVE_FAILED") return `an unknown tag; ${quotes("!")}`;
  if (code !== "UNEXPECTED_TOKEN") return message;
  return `${message.replace(/:[^]*/, "")}; ${quotes("| or >")}`;
}

function quotes(sign: string): string {
  return `a text that begins with ${sign} needs quotes`;
}

function refusal(file: string, place: Place, message: string): ConfigError {
  return new ConfigError(file, [{ path: "", ...place, message }]);
}

/** Turns the nodes of the library into ours. */
class Tree {
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #resolve: (alias: Alias) => Node | undefined;
  #nodes = 0;
  #aliases = 0;

  constructor(file: string, lines: LineCounter, resolve: (alias: Alias) => Node | undefined) {
    this.#file = file;
    this.#lines = lines;
    this.#resolve = resolve;
  }

  read(node: Node | null | undefined, depth: number): ConfigNode {
    const { isAlias, isMap, isSeq } = yaml();
    const place = this.#place(node);
    if (depth > MAX_DEPTH) throw refusal(this.#file, place, `nested deeper than ${MAX_DEPTH}`);
    if (++this.#nodes > MAX_NODES)
      throw refusal(this.#file, place, `more than ${MAX_NODES} values`);
    if (isAlias(node)) {
      if (++this.#aliases > MAX_ALIASES) {
        throw refusal(this.#file, place, `more than ${MAX_ALIASES} aliases`);
      }
      const meant = this.#resolve(node);
      if (meant === undefined) {
        throw refusal(this.#file, place, `an alias without its anchor; ${quotes("*")}`);
      }
      return this.read(meant, depth + 1);
    }
    if (isMap(node)) return { kind: "map", entries: this.#entries(node.items, depth), place };
    if (isSeq(node)) {
      const items = node.items.map((item) => this.read(item as Node, depth + 1));
      return { kind: "list", items, place };
    }
    return this.#scalar(node, place);
  }

  #entries(pairs: readonly Pair[], depth: number): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    const merged: ConfigNode[] = [];
    for (const { key, value } of pairs) {
      const keyPlace = this.#place(key as Node);
      const node = this.read(value as Node | null, depth + 1);
      if (!yaml().isScalar(key)) throw refusal(this.#file, keyPlace, "a key must be a text");
      if (isMergeKey(key)) merged.push(node);
      else entries.set(scalarText(key), { keyPlace, node });
    }
    for (const node of merged) this.#merge(entries, node);
    return entries;
  }

  /** Takes over the entries of `<<`, those before it win. */
  #merge(entries: Map<string, MapEntry>, node: ConfigNode): void {
    const maps = node.kind === "list" ? node.items : [node];
    for (const map of maps) {
      if (map.kind !== "map") throw refusal(this.#file, map.place, "<< must name a map");
      for (const [key, entry] of map.entries) if (!entries.has(key)) entries.set(key, entry);
    }
  }

  #scalar(node: Scalar | null | undefined, place: Place): ScalarNode {
    const value = node?.value ?? null;
    if (value === null && node?.anchor !== undefined) {
      throw refusal(this.#file, place, `an anchor without a value; ${quotes("&")}`);
    }
    const isQuoted = node?.type === "QUOTE_DOUBLE" || node?.type === "QUOTE_SINGLE";
    if (value === null) return { kind: "scalar", value, text: "", isQuoted, place };
    const text = scalarText(node!);
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      return { kind: "scalar", value, text, isQuoted, place };
    }
    return { kind: "scalar", value: text, text, isQuoted, place };
  }

  #place(node: Node | null | undefined): Place {
    const at = node?.range?.[0];
    if (at === undefined) return START;
    const { line, col } = this.#lines.linePos(at);
    return { line, column: col };
  }
}

function isMergeKey(key: Scalar): boolean {
  return key.source === "<<" && (key.type === "PLAIN" || key.type === undefined);
}

function scalarText(node: Scalar): string {
  return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
}
