// A configuration in force as YAML: every value as it would be written, defaults too, secrets masked.

import { yaml } from "../base/yaml.ts";
import type { ExplainedValue } from "./shape.ts";

/** The YAML of values with their paths: `scrape_configs[0].job_name` is a key in an item of a list. */
export function explainedYaml(values: readonly ExplainedValue[]): string {
  const root: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const { path, shown } of values) place(root, stepsOf(path), shown);
  const { Document } = yaml();
  return new Document(root).toString({ lineWidth: 0 });
}

type Step = string | number;

/** `a.b[0]."c d"` as a, b, 0, c d. */
function stepsOf(path: string): Step[] {
  const steps: Step[] = [];
  for (const [, index, quoted, name] of path.matchAll(
    /\[(\d+)\]|("(?:[^"\\]|\\.)*")|([^.[\]"]+)/g,
  )) {
    if (index !== undefined) steps.push(Number(index));
    else if (quoted !== undefined) steps.push(JSON.parse(quoted) as string);
    else if (name !== undefined) steps.push(name);
  }
  return steps;
}

function place(root: Record<string, unknown>, steps: readonly Step[], shown: string): void {
  let at = root as Record<Step, unknown>;
  for (const [i, step] of steps.entries()) {
    const next = steps[i + 1];
    if (next === undefined) at[step] = scalarOf(shown);
    else {
      at[step] ??= typeof next === "number" ? [] : (Object.create(null) as object);
      at = at[step] as Record<Step, unknown>;
    }
  }
}

/** Numbers and switches stay what they are; everything else is a text. */
function scalarOf(shown: string): unknown {
  if (shown === "true" || shown === "false") return shown === "true";
  return /^-?\d{1,15}$/.test(shown) ? Number(shown) : shown;
}
