// A source map: from a place in generated code to the place it was written at.
//
//   parseSourceMap(text, { baseUrl })
//     { version: 3, sources, mappings, names?, sourcesContent?, sourceRoot?, file?, ignoreList? }     one map
//     { version: 3, sections: [{ offset: { line, column }, map }, ...] }                              an index of maps
//
//   map.originalPosition(line, column)    the last segment at or before the column, on the same line
//
// Strict: where ECMA-426 says that an error may be reported, one is. A map that is not right is refused as a whole, and
// whoever looks a position up shows the generated one: a wrong place is worse than none.
//
// Mappings are decoded when a position is looked up first, but checked when the map is parsed with `isChecked`.
//
// Source: https://tc39.es/ecma426/

import { decodeMappings, type Mappings, ROW } from "./mappings.ts";
import { SourceMapError } from "./problem.ts";

/** A source that code was generated from. */
export interface MapSource {
  /** Resolved against sourceRoot and the map's own address; undefined when the map does not name it. */
  readonly url: string | undefined;
  readonly content: string | undefined;
  /** Of a framework or tool: a debugger would step over it. */
  readonly isIgnored: boolean;
}

/** A place in a source; line and column count from 0. */
export interface OriginalPosition {
  readonly source: MapSource;
  readonly line: number;
  readonly column: number;
  /** What the place was named before. */
  readonly name: string | undefined;
}

export interface SourceMapOptions {
  /** Address of the map, or of the code when the map stands in it. */
  readonly baseUrl?: string;
  /** Whether mappings are decoded, and so checked, at once. Default true. */
  readonly isChecked?: boolean;
}

/** A parsed source map. */
export interface SourceMap {
  /** Name of the generated file, when the map says it. */
  readonly file: string | undefined;
  readonly sources: readonly MapSource[];
  /** About how many bytes it holds, once a position was looked up. */
  readonly size: number;
  /** @returns undefined when the place comes from no source */
  originalPosition(line: number, column: number): OriginalPosition | undefined;
}

/** No map is larger: it would take minutes to build, and hundreds of megabytes here. */
const MAX_TEXT = 64 * 1024 * 1024;
const MAX_SECTIONS = 100_000;
/** Of a character of mappings: rows have room for a segment of five numbers every four characters. */
const BYTES_EACH = 5;

type Json = Readonly<Record<string, unknown>>;

/**
 * Parses a source map.
 *
 * @throws {SourceMapError} when it does not follow ECMA-426, or is larger than 64 Mi characters
 */
export function parseSourceMap(text: string, options: SourceMapOptions = {}): SourceMap {
  if (text.length > MAX_TEXT) throw new SourceMapError(`longer than ${MAX_TEXT} characters`);
  return decodeSourceMap(parseJson(text), options);
}

/** A guard against being read as a script, which a server may put before JSON. */
function parseJson(text: string): unknown {
  const body = text.startsWith(")]}") ? text.slice(Math.max(0, text.indexOf("\n"))) : text;
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new SourceMapError(`it is not JSON: ${(error as Error).message}`);
  }
}

/**
 * A source map from its JSON.
 *
 * @throws {SourceMapError} when it does not follow ECMA-426
 */
export function decodeSourceMap(json: unknown, options: SourceMapOptions = {}): SourceMap {
  const object = objectOf(json, "it");
  if (own(object, "version") !== 3) throw new SourceMapError("its version is not 3");
  if (own(object, "sections") !== undefined) return indexMap(object, options);
  return new SingleMap(object, options);
}

/** One map. */
class SingleMap implements SourceMap {
  readonly file: string | undefined;
  readonly sources: readonly MapSource[];
  readonly size: number;
  readonly #names: readonly string[];
  #text: string | undefined;
  #mappings: Mappings | undefined;

  constructor(json: Json, { baseUrl, isChecked = true }: SourceMapOptions) {
    this.file = optionalText(json, "file");
    const mappings = own(json, "mappings");
    if (typeof mappings !== "string") throw new SourceMapError("mappings must be a text");
    this.#text = mappings;
    this.#names = optionalTexts(json, "names") ?? [];
    this.sources = sourcesOf(json, baseUrl);
    const held = this.sources.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
    this.size = held + mappings.length * BYTES_EACH;
    if (isChecked) this.#decoded();
  }

  originalPosition(line: number, column: number): OriginalPosition | undefined {
    const mappings = this.#decoded();
    const { rows } = mappings;
    const at = rowAt(mappings, line, column);
    if (at === undefined || rows[at + 1] === -1) return undefined;
    const name = rows[at + 4]!;
    return {
      source: this.sources[rows[at + 1]!]!,
      line: rows[at + 2]!,
      column: rows[at + 3]!,
      name: name === -1 ? undefined : this.#names[name],
    };
  }

  #decoded(): Mappings {
    if (this.#mappings === undefined) {
      this.#mappings = decodeMappings(this.#text!, this.sources.length, this.#names.length);
      this.#text = undefined;
    }
    return this.#mappings;
  }
}

/** Where the row of the last segment at or before a column begins. */
function rowAt({ lineStarts, rows }: Mappings, line: number, column: number): number | undefined {
  if (line < 0 || line + 1 >= lineStarts.length) return undefined;
  const first = lineStarts[line]!;
  let low = first;
  let high = lineStarts[line + 1]!;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle * ROW]! <= column) low = middle + 1;
    else high = middle;
  }
  return low > first ? (low - 1) * ROW : undefined;
}

interface Section {
  readonly line: number;
  readonly column: number;
  readonly map: SourceMap;
}

/** Several maps, each from an offset on. */
function indexMap(json: Json, options: SourceMapOptions): SourceMap {
  if (own(json, "mappings") !== undefined || own(json, "sources") !== undefined) {
    throw new SourceMapError("it has sections and mappings of its own");
  }
  const given = own(json, "sections");
  if (!Array.isArray(given)) throw new SourceMapError("sections must be a list");
  if (given.length > MAX_SECTIONS) throw new SourceMapError(`more than ${MAX_SECTIONS} sections`);
  const sections = given.map((each, i) => sectionOf(each, i, options));
  for (const [i, { line, column }] of sections.entries()) {
    const before = sections[i - 1];
    if (before === undefined) continue;
    const isLater = line > before.line || (line === before.line && column > before.column);
    if (!isLater) throw new SourceMapError(`section ${i} does not begin after the one before it`);
  }
  return {
    file: optionalText(json, "file"),
    sources: sections.flatMap(({ map }) => map.sources),
    size: sections.reduce((sum, { map }) => sum + map.size, 0),
    originalPosition(line, column) {
      const section = sections.findLast(
        (each) => each.line < line || (each.line === line && each.column <= column),
      );
      if (section === undefined) return undefined;
      const offset = line === section.line ? section.column : 0;
      return section.map.originalPosition(line - section.line, column - offset);
    },
  };
}

function sectionOf(json: unknown, i: number, options: SourceMapOptions): Section {
  const section = objectOf(json, `section ${i}`);
  const offset = objectOf(own(section, "offset"), `the offset of section ${i}`);
  const map = objectOf(own(section, "map"), `the map of section ${i}`);
  if (own(map, "sections") !== undefined) {
    throw new SourceMapError(`the map of section ${i} has sections itself`);
  }
  return {
    line: indexNumber(own(offset, "line"), `the line of section ${i}`),
    column: indexNumber(own(offset, "column"), `the column of section ${i}`),
    map: decodeSourceMap(map, options),
  };
}

function sourcesOf(json: Json, baseUrl: string | undefined): MapSource[] {
  const given = own(json, "sources");
  if (!Array.isArray(given)) throw new SourceMapError("sources must be a list");
  if (!given.every((each) => each === null || typeof each === "string")) {
    throw new SourceMapError("a source must be a text or null");
  }
  const contents = optionalContents(json);
  const ignored = ignoreList(json, given.length);
  const prefix = sourcePrefix(optionalText(json, "sourceRoot"));
  return (given as (string | null)[]).map((each, i) => {
    const url = each === null ? undefined : prefix + each;
    return new Source(url, baseUrl, contents?.[i] ?? undefined, ignored.has(i));
  });
}

/** A bundle has thousands of sources, and an error is in a few of them: addresses are resolved when somebody asks. */
class Source implements MapSource {
  readonly content: string | undefined;
  readonly isIgnored: boolean;
  readonly #given: string | undefined;
  readonly #baseUrl: string | undefined;
  #url: string | undefined;

  constructor(
    given: string | undefined,
    baseUrl: string | undefined,
    content: string | undefined,
    isIgnored: boolean,
  ) {
    this.#given = given;
    this.#baseUrl = baseUrl;
    this.content = content;
    this.isIgnored = isIgnored;
  }

  get url(): string | undefined {
    if (this.#given === undefined) return undefined;
    return (this.#url ??= resolved(this.#given, this.#baseUrl));
  }
}

function sourcePrefix(root: string | undefined): string {
  if (root === undefined || root === "") return "";
  return root.endsWith("/") ? root : `${root}/`;
}

/** An address, resolved where it can be. */
function resolved(url: string, baseUrl: string | undefined): string {
  if (baseUrl === undefined) return url;
  return besideFile(url, baseUrl) ?? URL.parse(url, baseUrl)?.href ?? url;
}

const BESIDE = /^(?:\.\.?\/)*[\w@+-][\w@+.-]*(?:\/[\w@+-][\w@+.-]*)*$/;
const FILE = /^file:\/\/(?!.*\/\.)\/[\w./@+-]*$/;

/** What `URL` makes of a path beside a file, as nearly all sources are, without making one; undefined for what is not that simple. */
function besideFile(url: string, baseUrl: string): string | undefined {
  if (!BESIDE.test(url) || !FILE.test(baseUrl)) return undefined;
  const root = "file://".length;
  let end = baseUrl.lastIndexOf("/");
  let from = 0;
  while (url[from] === ".") {
    const isUp = url[from + 1] === ".";
    if (isUp && end > root) end = baseUrl.lastIndexOf("/", end - 1);
    from += isUp ? 3 : 2;
  }
  return baseUrl.slice(0, end + 1) + url.slice(from);
}

function ignoreList(json: Json, sourceCount: number): ReadonlySet<number> {
  const given = own(json, "ignoreList") ?? own(json, "x_google_ignoreList");
  if (given === undefined) return new Set();
  if (!Array.isArray(given)) throw new SourceMapError("ignoreList must be a list");
  const indexes = given.map((each) => indexNumber(each, "an entry of ignoreList"));
  if (indexes.some((each) => each >= sourceCount)) {
    throw new SourceMapError("ignoreList names a source that there is not");
  }
  return new Set(indexes);
}

function optionalContents(json: Json): readonly (string | null)[] | undefined {
  const given = own(json, "sourcesContent");
  if (given === undefined || given === null) return undefined;
  if (Array.isArray(given) && given.every((each) => each === null || typeof each === "string")) {
    return given as (string | null)[];
  }
  throw new SourceMapError("sourcesContent must be a list of texts and nulls");
}

function optionalTexts(json: Json, key: string): readonly string[] | undefined {
  const given = own(json, key);
  if (given === undefined) return undefined;
  if (Array.isArray(given) && given.every((each) => typeof each === "string")) return given;
  throw new SourceMapError(`${key} must be a list of texts`);
}

function optionalText(json: Json, key: string): string | undefined {
  const given = own(json, key);
  if (given === undefined || given === null) return undefined;
  if (typeof given === "string") return given;
  throw new SourceMapError(`${key} must be a text`);
}

function indexNumber(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32) {
    return value;
  }
  throw new SourceMapError(`${what} must be a whole number`);
}

function objectOf(value: unknown, what: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new SourceMapError(`${what} must be an object`);
}

function own(json: Json, key: string): unknown {
  return Object.hasOwn(json, key) ? json[key] : undefined;
}
