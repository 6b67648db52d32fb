// From a file to a configuration: read, check everything, and either all of it holds or none.
//
//   text ──► document.ts ──► shape.read() ──► value, and where each part came from
//                                        └──► ConfigError with every problem

import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FlxError } from "@flx/model";
import { fileFault } from "../base/file-fault.ts";
import { type ConfigNode, documentOf, readDocument } from "./document.ts";
import type { Variables } from "./environment.ts";
import { ConfigError, type ConfigProblem } from "./problem.ts";
import { type ExplainedValue, Reading, type Shape } from "./shape.ts";

/** A configuration that was read. */
export interface LoadedConfig<T> {
  readonly value: T;
  /** Each value with its source, in the order of the shape. */
  readonly explained: readonly ExplainedValue[];
  /** What was taken and has no effect, in the order of the text. */
  readonly warnings: readonly ConfigProblem[];
}

export interface ReadConfigOptions {
  /** For messages. Default "config". */
  readonly file?: string;
  /** Where relative paths start. Default: the working folder. */
  readonly folder?: string;
  /** Default: none. Give `process.env`. */
  readonly variables?: Variables;
}

const FILE = "config";
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/**
 * Reads a configuration from a text.
 *
 * @throws {ConfigError} `FLX_CONFIG` with every problem
 */
export function readConfig<T>(
  text: string,
  shape: Shape<T>,
  options: ReadConfigOptions = {},
): LoadedConfig<T> {
  return readTree(readDocument(text, options.file ?? FILE), shape, options);
}

/**
 * Reads a configuration from values, as if they stood in a text: the same checks, the same words for what is wrong.
 *
 * @throws {ConfigError} `FLX_CONFIG` with every problem
 */
export function readConfigValues<T>(
  values: object,
  shape: Shape<T>,
  options: ReadConfigOptions = {},
): LoadedConfig<T> {
  return readTree(documentOf(values), shape, options);
}

function readTree<T>(root: ConfigNode, shape: Shape<T>, options: ReadConfigOptions) {
  const { file = FILE, folder = process.cwd(), variables = {} } = options;
  const reading = new Reading(file, folder, variables);
  const value = shape.read(root, "", root.place, reading);
  if (reading.problems.length > 0) throw new ConfigError(file, inTextOrder(reading.problems));
  return { value, explained: reading.explained, warnings: inTextOrder(reading.warnings) };
}

/**
 * Reads a configuration from a file; relative paths in it start at its folder.
 *
 * @throws {ConfigError} `FLX_CONFIG` with every problem
 * @throws {FlxError} `FLX_CONFIG_FILE` when the file cannot be read, or is larger than 8 MiB
 */
export async function loadConfig<T>(
  path: string,
  shape: Shape<T>,
  variables: Variables = {},
): Promise<LoadedConfig<T>> {
  const whole = resolve(path);
  const text = await readBounded(whole, path);
  return readConfig(text, shape, { file: path, folder: dirname(whole), variables });
}

async function readBounded(whole: string, path: string): Promise<string> {
  try {
    const { size } = await stat(whole);
    if (size <= MAX_FILE_BYTES) return await readFile(whole, "utf8");
  } catch (error) {
    throw new FlxError("FLX_CONFIG_FILE", `cannot read ${path}: ${fileFault(error)}`, {
      cause: error,
    });
  }
  throw new FlxError("FLX_CONFIG_FILE", `${path} is larger than ${MAX_FILE_BYTES} bytes`);
}

function inTextOrder(problems: Reading["problems"]): Reading["problems"] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
