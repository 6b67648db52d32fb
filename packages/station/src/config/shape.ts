// What a value of the configuration must look like: one object reads it, describes it and explains it.
//
//   shape ── read(node) ──────► a typed value, or problems with their places
//         ── jsonSchema ──────► the published JSON Schema, for editors
//         ── (while reading) ─► one line of `flx config explain` for each value
//
// Reading goes on after a problem, so that all of them are told at once; what a shape returns then is never used,
// because the loader throws. A part of the station declares the shape of its own section beside its code, from the
// pieces in scalars.ts and structures.ts.

import type { ConfigNode } from "./document.ts";
import type { Variables } from "./environment.ts";
import type { ConfigProblem, Place } from "./problem.ts";

/** A JSON Schema of the draft 2020-12, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a value must look like. `T` is what a reader of the configuration gets. */
export interface Shape<T> {
  /**
   * Reads a value.
   *
   * @param node what is written; undefined when nothing is
   * @param at   the place of the map it is missing from, when nothing is written
   */
  read(node: ConfigNode | undefined, path: string, at: Place, reading: Reading): T;
  readonly jsonSchema: JsonSchema;
  /** Whether a map may do without it. */
  readonly isOptional: boolean;
}

/** What a shape gives. */
export type ValueOf<S> = S extends Shape<infer T> ? T : never;

/** One line of `flx config explain`. */
export interface ExplainedValue {
  /** `scrape_configs[0].scrape_interval` */
  readonly path: string;
  /** As it would be written; secrets masked. */
  readonly shown: string;
  /** `flx.yaml:3`, `flx.yaml:3 with NAME` for a variable, or `default`. */
  readonly source: string;
}

/** What a reading of a configuration collects. */
export class Reading {
  readonly problems: ConfigProblem[] = [];
  /** What is taken, and has no effect here. */
  readonly warnings: ConfigProblem[] = [];
  readonly explained: ExplainedValue[] = [];
  readonly file: string;
  /** The folder that relative paths start from. */
  readonly folder: string;
  readonly variables: Variables;

  constructor(file: string, folder: string, variables: Variables) {
    this.file = file;
    this.folder = folder;
    this.variables = variables;
  }

  /** Notes a problem. */
  problem(path: string, { line, column }: Place, message: string): void {
    this.problems.push({ path, line, column, message });
  }

  /** Notes something that is taken and has no effect. */
  warn(path: string, { line, column }: Place, message: string): void {
    this.warnings.push({ path, line, column, message });
  }

  /** Notes where a value comes from. */
  explain(
    path: string,
    shown: string,
    place: Place | "default",
    used: readonly string[] = [],
  ): void {
    const source = place === "default" ? "default" : `${this.file}:${place.line}`;
    const variables = used.length === 0 ? "" : ` with ${used.join(", ")}`;
    this.explained.push({ path, shown, source: source + variables });
  }
}

/** A value that need not be there: undefined then. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    isOptional: true,
    jsonSchema: shape.jsonSchema,
    read: (node, path, at, reading) =>
      isNothing(node) ? undefined : shape.read(node, path, at, reading),
  };
}

/**
 * A value with a default.
 *
 * @param written the default as a user would write it: a text, number, switch, list or map; it is shown by explain
 * @param value   the same, read
 */
export function withDefault<T>(shape: Shape<T>, value: T, written: unknown = value): Shape<T> {
  return {
    isOptional: true,
    jsonSchema: { ...shape.jsonSchema, default: written },
    read: (node, path, at, reading) => {
      if (!isNothing(node)) return shape.read(node, path, at, reading);
      reading.explain(path, shownDefault(written), "default");
      return value;
    },
  };
}

/** A shape whose values must satisfy one more rule. */
export function checked<T>(
  shape: Shape<T>,
  /** What is wrong with a value; undefined when nothing is. */
  rule: (value: T) => string | undefined,
): Shape<T> {
  return {
    ...shape,
    read: (node, path, at, reading) => {
      const before = reading.problems.length;
      const value = shape.read(node, path, at, reading);
      if (reading.problems.length > before) return value;
      const problem = rule(value);
      if (problem !== undefined) reading.problem(path, node?.place ?? at, problem);
      return value;
    },
  };
}

/** A shape whose values are turned into others. */
export function mapped<T, U>(shape: Shape<T>, turn: (value: T) => U): Shape<U> {
  return {
    ...shape,
    read: (node, path, at, reading) => {
      const before = reading.problems.length;
      const value = shape.read(node, path, at, reading);
      return reading.problems.length > before ? (undefined as U) : turn(value);
    },
  };
}

/** The same shape with a sentence for editors. */
export function described<T>(shape: Shape<T>, description: string): Shape<T> {
  return { ...shape, jsonSchema: { ...shape.jsonSchema, description } };
}

/** Whether nothing is written: no key, or a key without a value. */
export function isNothing(node: ConfigNode | undefined): boolean {
  return node === undefined || (node.kind === "scalar" && node.value === null && !node.isQuoted);
}

/** What a node is, for "expected a list, got ...". Without its text: a password may stand where a section belongs. */
export function kindOf(node: ConfigNode): string {
  if (node.kind === "list") return "a list";
  if (node.kind === "map") return "a map";
  if (node.value === null) return "nothing";
  return node.text === "" ? "an empty text" : `a ${node.isQuoted ? "text" : wordOf(node.value)}`;
}

function wordOf(value: string | number | boolean): string {
  if (typeof value === "string") return "text";
  return typeof value === "number" ? "number" : "switch";
}

function shownDefault(written: unknown): string {
  return typeof written === "string" ? written : (JSON.stringify(written) ?? "");
}
