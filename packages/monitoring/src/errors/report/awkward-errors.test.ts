// Errors that are awkward to show, each really thrown: of code that does not parse, from folded modules, with names full of
// brackets, with values that cannot be turned into text, deep and mutual recursion, notes of causes.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import vm from "node:vm";
import { RichErrorHandler, type RichErrorHandlerOptions } from "../index.ts";
import type { FrameEntry } from "./report.ts";

const folder = mkdtempSync(join(tmpdir(), "flx-awkward-"));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');

/** Writes a module, and gives its path. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const load = (path: string): Promise<Record<string, unknown>> =>
  import(pathToFileURL(path).href) as Promise<Record<string, unknown>>;

const reporter = (options: RichErrorHandlerOptions = {}): RichErrorHandler =>
  new RichErrorHandler({ format: "plain", width: 120, ...options });

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return assert.fail("it throws");
}

/** What of a frame is compared: its name, file and line, or why others are counted. */
const seen = (frames: readonly FrameEntry[]): readonly string[] =>
  frames.map((each) =>
    each.kind === "folded"
      ? `${each.count} ${each.reason}`
      : `${each.functionName ?? "-"} ${each.file?.replace(`${folder}/`, "") ?? "-"}:${each.line}`,
  );

const ofFolder = (frames: readonly FrameEntry[]): readonly FrameEntry[] =>
  frames.filter((each) => each.kind === "folded" || each.file?.startsWith(folder) === true);

test("a module that does not parse is shown at the place that is wrong, however it is loaded", async () => {
  const wrong = "const total = 1;\nconst rate = = 2;\n";
  const require = createRequire(join(folder, "main.cjs"));
  const asked: readonly (readonly [string, () => unknown])[] = [
    [file("wrong.cjs", wrong), () => require("./wrong.cjs")],
    [file("wrong.ts", wrong), () => load(join(folder, "wrong.ts"))],
    [join(folder, "run.js"), () => new vm.Script(wrong, { filename: file("run.js", wrong) })],
  ];
  for (const [path, work] of asked) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const error = await thrownBy(work);
    const text = reporter().format(error);
    assert.match(text, /SyntaxError: /, path);
    const [first] = reporter().report(error).frames;
    assert.ok(first?.kind === "frame", text);
    assert.deepEqual([first.file, first.line], [path, 2], text);
    assert.match(text, /❯ +2 │ const rate = = 2;\n +│ +\^/, text);
  }
});

test("a JavaScript module that does not parse is shown where it was asked for: Node does not say the place in it", async () => {
  file("wrong.js", "const rate = = 2;\n");
  const path = file("asks.js", `export async function ask() {\n  await import("./wrong.js");\n}\n`);
  const limit = Error.stackTraceLimit;
  // As `installErrorHandler` has it.
  Error.stackTraceLimit = 30;
  try {
    const error = await thrownBy((await load(path))["ask"] as () => unknown);
    const { type, frames } = reporter().report(error);
    assert.equal(type, "SyntaxError");
    assert.equal(seen(ofFolder(frames))[0], "ask asks.js:2");
  } finally {
    Error.stackTraceLimit = limit;
  }
});

test("text that does not parse at run time is shown where it was handed over", async () => {
  const path = file(
    "parse.js",
    `export const json = () => JSON.parse('{"a":}');
export const made = () => new Function("return = 1");
export const evaluated = () => (0, eval)("1 +* 2");
`,
  );
  const module = await load(path);
  for (const [i, name] of ["json", "made", "evaluated"].entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const error = await thrownBy(module[name] as () => unknown);
    const { type, frames } = reporter().report(error);
    assert.equal(type, "SyntaxError", name);
    assert.equal(seen(ofFolder(frames))[0], `${name} parse.js:${i + 1}`);
  }
});

test("frames of suppressed modules are counted without code and variables, those around them stay", async () => {
  file(
    "framework/run.js",
    "export const run = (fn) => inner(fn);\nfunction inner(fn) {\n  return fn();\n}\n",
  );
  const path = file(
    "app.js",
    `import { run } from "./framework/run.js";
function fail() {
  throw new Error("no");
}
export function main() {
  return run(fail);
}
`,
  );
  const { main } = await load(path);
  const error = await thrownBy(main as () => unknown);
  const around = (suppress: readonly (string | RegExp)[]): readonly string[] =>
    seen(ofFolder(reporter({ suppress }).report(error).frames)).slice(0, 4);
  const open = ["fail app.js:3", "inner framework/run.js:3", "run framework/run.js:1"];
  assert.deepEqual(around([]), [...open, "main app.js:6"]);
  for (const suppress of ["/framework/", /framework\/run\.js$/]) {
    const folded = around([suppress]);
    assert.deepEqual(folded.slice(0, 3), ["fail app.js:3", "2 suppressed code", "main app.js:6"]);
    const text = reporter({ suppress: [suppress] }).format(error);
    assert.match(text, /2 frames of suppressed code/);
    assert.ok(!text.includes("return fn();"));
  }
  // Everything suppressed: the first ones are better than none.
  assert.ok(
    reporter({ suppress: [/./] })
      .report(error)
      .frames.some(({ kind }) => kind === "frame"),
  );
});

test("frames beyond maxFrames are counted: those in the middle, so that where it failed and where it began are seen", async () => {
  const names = Array.from({ length: 12 }, (_, i) => `step${i}`);
  const calls = names.map((name, i) => `const ${name} = () => ${names[i + 1] ?? "fail"}();`);
  const path = file(
    "deep.js",
    `export function fail() {\n  throw new Error("deep");\n}\n${calls.join("\n")}\nexport const main = () => step0();\n`,
  );
  const { main } = await load(path);
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 14;
  try {
    const error = await thrownBy(main as () => unknown);
    const handler = reporter({ maxFrames: 6 });
    const shown = seen(handler.report(error).frames);
    assert.deepEqual(
      shown.map((each) => each.split(" ")[0]),
      ["fail", "step11", "step10", "step9", "8", "step0", "main"],
    );
    assert.match(handler.format(error), / 8 frames more\n/);
  } finally {
    Error.stackTraceLimit = limit;
  }
});

test("what cannot be turned into text is shown by its parts, and everything else is there", () => {
  const no = (): never => {
    throw new Error("no text");
  };
  class Broken {
    [Symbol.toPrimitive] = no;
    toString = no;
    toJSON = no;
    get secretly(): string {
      return no();
    }
    [inspect.custom] = no;
  }
  const error = Object.assign(new Error("kept"), {
    broken: new Broken(),
    orderId: 7,
    toString: no,
  });
  const handler = reporter();
  const text = handler.format(error);
  assert.match(text, /Error: kept\n/);
  assert.match(text, / orderId = 7\n/);
  assert.match(text, / broken = Broken \{/);
  for (const value of [new Broken(), Object.create(null), { [Symbol.toStringTag]: 7 }]) {
    const report = handler.report(value);
    assert.ok(report.message.length > 0 && report.type.length > 0);
  }
  const { message } = handler.report(Object.assign(new Error("x"), { message: new Broken() }));
  assert.ok(message.length > 0);
});

test("mutual recursion is counted, and an overflow of the stack is a report", async () => {
  const path = file(
    "recursion.js",
    `function ping(n) {
  if (n === 0) throw new Error("bottom");
  return pong(n) + 1;
}
function pong(n) {
  return ping(n - 1) + 1;
}
export const main = () => ping(20);
export const endless = (n = 0) => endless(n + 1) + 1;
`,
  );
  const { main, endless } = await load(path);
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  try {
    const error = await thrownBy(main as () => unknown);
    const shown = seen(ofFolder(reporter().report(error).frames));
    assert.deepEqual(shown.slice(0, 2), ["ping recursion.js:2", "pong recursion.js:6"]);
    assert.ok(
      shown.some((each) => /^\d\d recursion$/.test(each)),
      shown.join("\n"),
    );
    assert.equal(shown.filter((each) => each.startsWith("p")).length <= 5, true, shown.join("\n"));
    const overflow = await thrownBy(endless as () => unknown);
    const { type, frames } = reporter().report(overflow);
    assert.equal(type, "RangeError");
    assert.deepEqual(seen(frames), ["endless recursion.js:9", "99 recursion"]);
  } finally {
    Error.stackTraceLimit = limit;
  }
});

test("brackets in names of functions, methods, files and values are shown as they are, with their code", async () => {
  const path = file(
    "routes/[id]/(shop)/order {a}.js",
    `const key = "[red]pay[/red] (now) <b>";
export const routes = {
  [key]() {
    throw new Error("[bold]no[/bold] {0} %s <blink>");
  },
  *[Symbol.iterator]() {
    yield this[key]();
  },
};
export const main = () => [...routes];
`,
  );
  const { main } = await load(path);
  const error = Object.assign((await thrownBy(main as () => unknown)) as Error, {
    "[red]": "[/red] (x) {y}",
  });
  const handler = reporter();
  const { message, frames } = handler.report(error);
  assert.equal(message, "[bold]no[/bold] {0} %s <blink>");
  const own = ofFolder(frames).filter((each) => each.kind === "frame");
  assert.deepEqual(
    own.map(({ file: of, line }) => [of, line]),
    [
      [path, 4],
      [path, 7],
      [path, 10],
    ],
  );
  assert.ok(own.every(({ code }) => code !== undefined));
  const text = handler.format(error);
  assert.match(text, /Error: \[bold\]no\[\/bold\] \{0\} %s <blink>/);
  assert.match(text, /\[red\]pay\[\/red\] \(now\) <b>/);
  assert.match(text, /Symbol\.iterator/);
  assert.match(text, /\[red\] = '\[\/red\] \(x\) \{y\}'/);
  assert.match(text, /❯ +4 │ +throw new Error\(/);
  const html = handler.toHtml(error);
  assert.ok(html.includes("[bold]no[/bold] {0} %s &lt;blink&gt;") && !html.includes("<blink>"));
});

test("notes of an error, of its causes and of errors inside are shown where they belong", () => {
  const cause = Object.assign(new RangeError("inside"), { notes: ["of the cause"] });
  const one = Object.assign(new Error("one"), { note: "of one" });
  const error = Object.assign(new AggregateError([one], "all", { cause }), {
    notes: ["first", 7, "", "second\nline"],
  });
  const text = reporter().format(error);
  const at = (part: string): number => {
    const found = text.indexOf(part);
    assert.ok(found >= 0, `${part} in\n${text}`);
    return found;
  };
  const order = [at("AggregateError: all"), at("note: first"), at("note: second")];
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  assert.ok(at("note: of the cause") > at("RangeError: inside"));
  assert.ok(at("note: of one") > at("Error: one"));
  assert.ok(!text.includes("note: 7"));
});
