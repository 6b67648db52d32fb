// Runs the texts of testdata/exposition, where anyone can add a case; see the README there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseExposition } from "./family-parser.ts";
import type { ExpositionFormat } from "./format.ts";

interface Case {
  readonly title: string;
  readonly want: readonly string[];
  readonly text: string;
}

function readCases(file: string): Case[] {
  const url = new URL(`../../testdata/exposition/${file}.cases`, import.meta.url);
  const parts = readFileSync(url, "utf8").split(/^=== /m).slice(1);
  return parts.map((part) => {
    const [title = "", ...lines] = part.split("\n");
    const want = lines.filter((line) => line.startsWith("-> ")).map((line) => line.slice(3));
    return { title, want, text: lines.slice(want.length).join("\n") };
  });
}

function problemsOf(text: string, format: ExpositionFormat): string[] {
  const { problems } = parseExposition(text, { format });
  return problems.map(({ code, line, column }) => `${code} ${line}:${column}`);
}

for (const format of ["text", "openmetrics"] as const) {
  test(`parseExposition() accepts what testdata says, ${format}`, () => {
    for (const { title, text } of readCases(`accepted-${format}`)) {
      assert.deepEqual(problemsOf(text, format), [], title);
    }
  });

  test(`parseExposition() refuses what testdata says, and where, ${format}`, () => {
    for (const { title, want, text } of readCases(`refused-${format}`)) {
      assert.notEqual(want.length, 0, title);
      assert.deepEqual(problemsOf(text, format), want, title);
    }
  });
}
