// Our own test scripts (testdata/*.test.promql): every function, operator and modifier, with the answers that the
// documentation of PromQL gives.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import {
  type Expr,
  formatFailure,
  FUNCTIONS,
  parseUnchecked,
  PromqlParseError,
  promqlScriptEngine,
  runScript,
  walk,
} from "@flx/promql";

const folder = join(import.meta.dirname, "../testdata");
const files = globSync("*.test.promql", { cwd: folder }).toSorted();

for (const file of files) {
  test(`runScript() passes ${file}`, async () => {
    const text = readFileSync(join(folder, file), "utf8");
    const report = await runScript(text, promqlScriptEngine(), { file: basename(file) });
    assert.equal(report.failures.map(formatFailure).join("\n"), "");
    assert.ok(report.evaluations > 0);
  });
}

test("runScript() passes the scripts of an engine with default features", async () => {
  const engine = promqlScriptEngine({ features: { experimental: true } });
  for (const file of globSync("defaults/*.test.promql", { cwd: folder })) {
    const report = await runScript(readFileSync(join(folder, file), "utf8"), engine, { file });
    assert.equal(report.failures.map(formatFailure).join("\n"), "");
    assert.ok(report.evaluations > 0);
  }
});

const operators =
  "+ - * / % ^ atan2 == != > < >= <= and or unless </ >/ bool on ignoring group_left group_right fill fill_left fill_right";
const aggregations =
  "sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio";
const modifiers = "offset @ [ subquery anchored smoothed by without";

test("the scripts have a thousand evaluations, and ask for everything there is", () => {
  const seen = new Set<string>();
  let evaluations = 0;
  for (const file of files) {
    const text = readFileSync(join(folder, file), "utf8");
    const lines = text.matchAll(
      /^eval(?:_\w+)? (?:instant at \S+|range from \S+ to \S+ step \S+) (.+)$/gm,
    );
    for (const [, query] of lines) {
      evaluations++;
      for (const name of constructsOf(query!)) seen.add(name);
    }
  }
  assert.ok(evaluations >= 1000, `${evaluations} evaluations`);
  const all = [...FUNCTIONS.keys(), ...`${operators} ${aggregations} ${modifiers}`.split(" ")];
  assert.deepEqual(
    all.filter((name) => !seen.has(name)),
    [],
  );
});

/** The tree of a query; of one that must not parse there is none. */
function treeOf(query: string): Expr | undefined {
  try {
    return parseUnchecked(query, { experimental: true });
  } catch (error) {
    if (error instanceof PromqlParseError) return undefined;
    throw error;
  }
}

/** What a query is made of, by the names above. */
function constructsOf(query: string): Set<string> {
  const found = new Set<string>();
  const tree = treeOf(query);
  if (tree === undefined) return found;
  walk(tree, (node) => {
    switch (node.kind) {
      case "call":
        found.add(node.func.name);
        break;
      case "aggregation":
        found.add(node.op);
        if (node.grouping.length > 0 || node.without) found.add(node.without ? "without" : "by");
        break;
      case "binary": {
        const { matching, op, returnBool } = node;
        found.add(op);
        if (returnBool) found.add("bool");
        if (matching === undefined) break;
        if (matching.on) found.add("on");
        else if (matching.labels.length > 0) found.add("ignoring");
        if (matching.cardinality === "many-to-one") found.add("group_left");
        if (matching.cardinality === "one-to-many") found.add("group_right");
        if (matching.fillLeft !== undefined) found.add("fill_left");
        if (matching.fillRight !== undefined) found.add("fill_right");
        if (matching.fillLeft !== undefined && matching.fillRight !== undefined) found.add("fill");
        break;
      }
      case "matrixSelector":
        found.add("[");
        break;
      case "subquery":
        found.add("subquery");
        break;
      case "vectorSelector":
        if (node.offset !== undefined) found.add("offset");
        if (node.at !== undefined) found.add("@");
        if (node.extended !== undefined) found.add(node.extended);
        break;
      case "number":
      case "string":
      case "paren":
      case "unary":
        break;
    }
  });
  return found;
}
