// label_replace and label_join: labels made from labels. Values and times stay.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#label_replace .

import { type FlxError, type Labels, METRIC_NAME } from "@flx/model";
import type { RE2JS } from "re2js";
import { evaluationError } from "../evaluate/execution.ts";
import type { Matrix } from "../evaluate/matrix.ts";
import { checkSteps, compileRe2, type Re2Pattern } from "../matcher/re2-pattern.ts";

/** The text arguments of `label_replace`. */
export interface LabelReplacement {
  readonly destination: string;
  readonly replacement: string;
  readonly source: string;
  readonly pattern: string;
}

/** Sets a label from a pattern over another, in place; rows whose label does not match stay as they are. */
export function labelReplace(matrix: Matrix, options: LabelReplacement): void {
  const { destination, replacement, source, pattern } = options;
  const expand = expander(pattern, replacement);
  refuseBadName(destination, "destination label name in label_replace()");
  for (let row = 0; row < matrix.rows; row++) {
    const labels = matrix.labels[row]!;
    const value = expand(labels.get(source) ?? "");
    if (value !== undefined) setLabel(matrix, row, labels, destination, value);
  }
  matrix.mergeSameLabels();
}

/** Sets a label to the values of others with a text between them, in place. */
export function labelJoin(
  matrix: Matrix,
  destination: string,
  separator: string,
  sources: readonly string[],
): void {
  for (const source of sources) refuseBadName(source, "source label name in label_join()");
  refuseBadName(destination, "destination label name in label_join()");
  for (let row = 0; row < matrix.rows; row++) {
    const labels = matrix.labels[row]!;
    const value = sources.map((source) => labels.get(source) ?? "").join(separator);
    setLabel(matrix, row, labels, destination, value);
  }
  matrix.mergeSameLabels();
}

function setLabel(matrix: Matrix, row: number, labels: Labels, name: string, value: string): void {
  matrix.labels[row] = labels.with(name, value);
  // A name that was set is meant to stay.
  if (name === METRIC_NAME) matrix.dropName[row] = false;
}

function refuseBadName(name: string, what: string): void {
  if (name === "" || !name.isWellFormed()) throw evaluationError(`invalid ${what}: ${name}`);
}

/** A function that gives the expanded replacement for a value, or `undefined` when it does not match as a whole. */
function expander(pattern: string, replacement: string): (value: string) => string | undefined {
  let compiled: Re2Pattern;
  try {
    compiled = compileRe2(`^(?s:${pattern})$`, 0);
  } catch (error) {
    // Of the engine's own errors Prometheus does not give the reason.
    if ((error as FlxError).cause === undefined) throw error;
    throw evaluationError(`invalid regular expression in label_replace(): ${pattern}`);
  }
  const { engine } = compiled;
  const parts = templateParts(replacement, engine);
  const known = new Map<string, string | undefined>();
  return (value) => {
    if (known.has(value)) return known.get(value);
    checkSteps(compiled, value);
    const matcher = engine.matcher(value);
    const result = matcher.find()
      ? parts
          .map((part) => (typeof part === "string" ? part : (matcher.group(part) ?? "")))
          .join("")
      : undefined;
    known.set(value, result);
    return result;
  };
}

/** Texts and numbers of groups; a group that does not exist is the empty text. */
function templateParts(template: string, pattern: RE2JS): (string | number)[] {
  const names = pattern.namedGroups();
  const parts: (string | number)[] = [];
  let rest = template;
  for (;;) {
    const dollar = rest.indexOf("$");
    if (dollar < 0) break;
    if (dollar > 0) parts.push(rest.slice(0, dollar));
    rest = rest.slice(dollar);
    if (rest.startsWith("$$")) {
      parts.push("$");
      rest = rest.slice(2);
      continue;
    }
    const reference = /^\$(?:\{([\p{L}\p{N}_]+)\}|([\p{L}\p{N}_]+))/u.exec(rest);
    if (reference === null) {
      parts.push("$");
      rest = rest.slice(1);
      continue;
    }
    const name = reference[1] ?? reference[2]!;
    const group = /^(?:0|[1-9][0-9]*)$/u.test(name) ? Number(name) : groupNamed(names, name);
    if (group !== undefined && group <= pattern.groupCount()) parts.push(group);
    rest = rest.slice(reference[0].length);
  }
  if (rest !== "") parts.push(rest);
  return parts;
}

function groupNamed(names: Record<string, number>, name: string): number | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}
