// Source files and their maps, for showing the code of a frame; read when they are needed first, kept, bounded.
//
//   frame (dist/orders.js:1:2044)
//   └── file on disk ── "//# sourceMappingURL=orders.js.map" or inline data ── map ── src/orders.ts:12:9, its lines
//
// TypeScript that Node runs as it is needs no map: types are blanked, places stay. With Node's --enable-source-maps the
// stack names the sources already, and they are read as any file.
//
// What is read is what lies on the disk; a file that changed since it was loaded shows other lines, as in every debugger.
// Only regular files are read: code up to 16 MB, maps up to 32 MB that hold no more than 96 MB when they are decoded (which
// takes some 15 ms a megabyte). What is larger, and a map that is not right, is told with the place; it is then that of the code that
// ran. Those not asked for longest are let go when all together hold more than 96 MB.

import { readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { SourceMapError } from "../source-map/problem.ts";
import { type MapSource, parseSourceMap, type SourceMap } from "../source-map/source-map.ts";

/** A text in lines, which are made when they are needed: of code that has a map nobody asks. */
export class SourceText {
  #text: string | undefined;
  #lines: readonly string[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  get lines(): readonly string[] {
    if (this.#lines === undefined) {
      this.#lines = splitLines(this.#text!);
      this.#text = undefined;
    }
    return this.#lines;
  }
}

/** A place in code as it was written. Line and column from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The name of the mapped place. */
  readonly name: string | undefined;
  /** The map says: of a framework or tool. */
  readonly isIgnored: boolean;
  readonly text: SourceText | undefined;
  /** Why it is the place in the code that ran, where that should not be so. */
  readonly problem?: string | undefined;
}

const MEBI = 1024 * 1024;
const MAX_FILE_BYTES = 16 * MEBI;
const MAX_MAP_BYTES = 32 * MEBI;
const MAX_KEPT = 96 * MEBI;
const URL_MARK = "sourceMappingURL=";

interface LoadedFile {
  readonly text: SourceText | undefined;
  /** Of text and map, in bytes. */
  size: number;
  map: SourceMap | "none" | "unread";
  readonly mapUrl: string | undefined;
  problem: string | undefined;
}

const LITTLE = 64;

/** It is there, and too much to be read. */
export const TOO_LARGE: unique symbol = Symbol("too large");

/** The text of a file of at most so many bytes; undefined when there is none. */
export type ReadText = (path: string, maxBytes: number) => string | typeof TOO_LARGE | undefined;

/** Reads and keeps files. */
export class SourceFiles {
  readonly #read: ReadText;
  readonly #files = new Map<string, LoadedFile>();
  readonly #contents = new WeakMap<MapSource, SourceText>();
  #size = 0;
  #filesLetGo = 0;

  constructor(read: ReadText = readBounded) {
    this.#read = read;
  }

  /** How many files were let go since the beginning. */
  get filesLetGo(): number {
    return this.#filesLetGo;
  }

  /** The place a frame was written at; the frame's own place when no map says another. Never throws. */
  place(file: string, line: number, column: number): SourcePlace {
    const path = pathOf(file);
    const loaded = this.#load(path);
    const map = this.#mapOf(path, loaded);
    const found = map?.originalPosition(line - 1, column - 1);
    if (found === undefined) {
      const { text, problem } = loaded;
      return { file: path, line, column, name: undefined, isIgnored: false, text, problem };
    }
    const { source } = found;
    const original = source.url === undefined ? path : pathOf(source.url);
    return {
      file: original,
      line: found.line + 1,
      column: found.column + 1,
      name: found.name,
      isIgnored: source.isIgnored,
      text: this.#textOf(source, original),
    };
  }

  #textOf(source: MapSource, file: string): SourceText | undefined {
    if (source.content === undefined) return this.#load(file).text;
    let text = this.#contents.get(source);
    if (text === undefined) {
      text = new SourceText(source.content);
      this.#contents.set(source, text);
    }
    return text;
  }

  #load(path: string): LoadedFile {
    const known = this.#files.get(path);
    if (known !== undefined) {
      // The last one is the last to go.
      this.#files.delete(path);
      this.#files.set(path, known);
      return known;
    }
    const loaded = loadedFile(path, isPath(path) ? this.#read(path, MAX_FILE_BYTES) : undefined);
    this.#files.set(path, loaded);
    this.#holdMore(loaded.size);
    return loaded;
  }

  /** Makes room for what was loaded last. */
  #holdMore(size: number): void {
    this.#size += size;
    let left = this.#files.size;
    for (const [oldest, file] of this.#files) {
      if ((this.#size <= MAX_KEPT && left <= 2_000) || left === 1) break;
      this.#files.delete(oldest);
      this.#filesLetGo++;
      this.#size -= file.size;
      left--;
    }
  }

  #mapOf(path: string, loaded: LoadedFile): SourceMap | undefined {
    if (loaded.map === "unread") {
      const read = readMap(path, loaded.mapUrl, this.#read);
      if (typeof read === "string") loaded.problem = read;
      loaded.map = typeof read === "object" ? read : "none";
      const size = typeof read === "object" ? read.size : 0;
      loaded.size += size;
      this.#holdMore(size);
    }
    return loaded.map === "none" ? undefined : loaded.map;
  }
}

function loadedFile(path: string, content: ReturnType<ReadText>): LoadedFile {
  if (typeof content === "string") {
    const text = new SourceText(content);
    const mapUrl = mappingUrl(content);
    return { text, size: content.length + LITTLE, map: "unread", mapUrl, problem: undefined };
  }
  const problem = content === TOO_LARGE ? tooLarge(path, MAX_FILE_BYTES) : undefined;
  return { text: undefined, size: LITTLE, map: "none", mapUrl: undefined, problem };
}

function tooLarge(path: string, maxBytes: number): string {
  return `${basename(path)} is larger than ${maxBytes / MEBI} MB and was not read`;
}

/** Paths whose address is "file://" before them. */
const SIMPLE = /^\/[\w./@+-]*$/;

function addressOf(path: string): string {
  return SIMPLE.test(path) ? `file://${path}` : pathToFileURL(path).href;
}

/** The path of a file that may be given as an address. */
export function pathOf(file: string): string {
  if (!file.startsWith("file:")) return file;
  const path = file.slice("file://".length);
  if (SIMPLE.test(path) && !path.includes("/.")) return path;
  try {
    return fileURLToPath(file);
  } catch {
    return file;
  }
}

function isPath(file: string): boolean {
  return file.startsWith("/") || /^[A-Za-z]:[\\/]/.test(file);
}

/** A regular file from the disk; undefined when there is none. */
export function readBounded(path: string, maxBytes: number): ReturnType<ReadText> {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return undefined;
    return stats.size <= maxBytes ? readFileSync(path, "utf8") : TOO_LARGE;
  } catch {
    return undefined;
  }
}

function splitLines(text: string): readonly string[] {
  // Ten times as fast, and enough for nearly all.
  const isUsual = !text.includes("\r") && !text.includes("\u2028") && !text.includes("\u2029");
  return isUsual ? text.split("\n") : text.split(/\r\n|[\n\r\u2028\u2029]/);
}

/** The last comment that names a map: after it stands nothing but blanks and comments. */
function mappingUrl(text: string): string | undefined {
  // V8 goes backwards character by character.
  const at = text.includes(URL_MARK) ? text.lastIndexOf(URL_MARK) : -1;
  if (at < 4) return undefined;
  const before = text.slice(Math.max(0, at - 4), at);
  if (!/\/[/*][#@] ?$/.test(before)) return undefined;
  const end = text.slice(at + URL_MARK.length).search(/[\s'"`]/);
  const from = at + URL_MARK.length;
  const url = end < 0 ? text.slice(from) : text.slice(from, from + end);
  const rest = end < 0 ? "" : text.slice(from + end);
  // Code after it: the text is in a literal, or the comment belongs to a part of a bundle.
  return rest.length < 4_096 && /^\s*(?:\*\/)?\s*(?:\/\/[^\n]*\s*)*$/.test(rest) ? url : undefined;
}

/** The map; why there is none where there should be one; undefined where there should not. */
function readMap(
  path: string,
  url: string | undefined,
  read: ReadText,
): SourceMap | string | undefined {
  if (url === undefined || url === "") return undefined;
  try {
    if (url.startsWith("data:")) return parsedMap(dataText(url), addressOf(path));
    // Another machine is not asked, whatever the code names.
    if (/^[a-z][a-z0-9+.-]+:/i.test(url) && !url.startsWith("file:")) return undefined;
    const mapPath = url.startsWith("file:")
      ? fileURLToPath(url)
      : resolve(dirname(path), decodeURIComponent(url));
    const text = read(mapPath, MAX_MAP_BYTES);
    if (text === TOO_LARGE) return tooLarge(mapPath, MAX_MAP_BYTES);
    return text === undefined ? undefined : parsedMap(text, addressOf(mapPath));
  } catch (error) {
    // An address that is none leads nowhere.
    if (!(error instanceof SourceMapError)) return undefined;
    return `the source map of ${basename(path)} was not used: ${error.message}`;
  }
}

function parsedMap(text: string, baseUrl: string): SourceMap {
  const map = parseSourceMap(text, { baseUrl, isChecked: false });
  if (map.size > MAX_KEPT)
    throw new SourceMapError(`it would hold more than ${MAX_KEPT / MEBI} MB`);
  map.originalPosition(0, 0);
  return map;
}

function dataText(url: string): string {
  const comma = url.indexOf(",");
  const body = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(";base64")
    ? Buffer.from(body, "base64").toString("utf8")
    : decodeURIComponent(body);
}
