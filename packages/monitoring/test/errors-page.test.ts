// docs/reference/errors.md has every option, every function and every field that there is.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as errors from "@flx/monitoring/errors";

const root = join(import.meta.dirname, "../../..");
const source = (file: string): string =>
  readFileSync(join(root, "packages/monitoring/src/errors", file), "utf8");
const page = readFileSync(join(root, "docs/reference/errors.md"), "utf8");

/** The members of an interface, by its text. */
function members(file: string, name: string): readonly string[] {
  const text = source(file);
  const body = new RegExp(`interface ${name}\\b[^{]*\\{\n([^]*?)\n\\}`).exec(text)?.[1] ?? "";
  const found = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member]) => member!);
  assert.ok(found.length > 0, `${name} of ${file}`);
  return found;
}

test("docs/reference/errors.md lists the options", () => {
  for (const [file, name] of [
    ["handler/handler-options.ts", "ErrorDisplay"],
    ["render/terminal.ts", "TerminalSettings"],
    ["handler/handler-options.ts", "RichErrorHandlerOptions"],
    ["handler/install-error-handler.ts", "InstallOptions"],
    ["handler/rich-error-handler.ts", "HandleOptions"],
  ] as const) {
    for (const member of members(file, name)) {
      assert.match(page, new RegExp(`^\\| \`${member}\` `, "m"), `${member} of ${name}`);
    }
  }
});

test("docs/reference/errors.md lists the attributes of the log record", () => {
  const record = source("handler/exception-record.ts");
  const attributes = [...record.matchAll(/^ +"((?:exception|flx\.error)\.\w+)":/gm)];
  assert.ok(attributes.length > 10);
  for (const [, attribute] of attributes) assert.ok(page.includes(`\`${attribute}\``), attribute);
});

test("docs/reference/errors.md lists the fields of the JSON line", () => {
  const lines: object[] = [];
  const handler = new errors.RichErrorHandler({
    format: "json",
    showLocals: true,
    output: { write: (text) => lines.push(JSON.parse(text) as object) },
  });
  const rich = Object.assign(
    new AggregateError(
      Array.from({ length: 9 }, () => new Error("x")),
      "y",
    ),
    {
      code: "E",
      help: "h",
      docs: "d",
      notes: ["n"],
      orderId: 7,
      cause: "a text",
    },
  );
  handler.errorContext("working", { reRaise: false }, () => {
    throw rich;
  });
  handler.close();
  const [line] = lines as [
    Record<string, unknown> & { errors: object[]; cause: object; frames: object[] },
  ];
  const objects = [...lines, ...line.errors, line.cause, ...line.frames];
  const fields = new Set(objects.flatMap((each) => Object.keys(each)));
  assert.ok(fields.size >= 20, [...fields].join(" "));
  for (const field of fields) assert.ok(page.includes(`\`${field}\``), field);
});

test("docs/reference/errors.md lists the functions", () => {
  for (const name of Object.keys(errors)) {
    assert.match(page, new RegExp(`\`(?:new )?${name}\\b`), name);
  }
});
