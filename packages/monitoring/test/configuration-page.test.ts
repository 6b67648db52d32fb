// docs/reference/configuration.md lists exactly the settings that there are, with their variables and defaults.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { OTHER_OPTIONS } from "../src/start/configuration.ts";
import { type Setting, SETTING_NAMES, SETTINGS } from "../src/start/settings.ts";

/** Rows without the layout of the table. */
const rows = (text: string): string[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.replaceAll(/ *\| */g, "|"));

test("docs/reference/configuration.md lists the settings", () => {
  const page = readFileSync(
    join(import.meta.dirname, "../../../docs/reference/configuration.md"),
    "utf8",
  );
  const listed = page.slice(page.indexOf("## Settings"), page.indexOf("## Options that only"));
  assert.deepEqual(rows(listed), rows(settingsTable()));
});

test("docs/reference/configuration.md lists the options that only code can give", () => {
  const page = readFileSync(
    join(import.meta.dirname, "../../../docs/reference/configuration.md"),
    "utf8",
  );
  const listed = page.slice(page.indexOf("## Options that only"), page.indexOf("## Variables"));
  const named = rows(listed).flatMap((row) => row.split("|")[1]!.match(/[\w.]+/g) ?? []);
  assert.deepEqual(named.toSorted(), OTHER_OPTIONS.toSorted());
});

/** The rows: name, default, variables, meaning. */
function settingsTable(): string {
  const all = SETTING_NAMES.map((name) => {
    const setting = SETTINGS[name] as Setting<unknown>;
    const options = [name, ...(setting.options ?? [])].map((option) => `\`${option}\``);
    const env = setting.env.map((variable) => `\`${variable}\``);
    return [options.join(", "), fallbackText(setting.fallback), env.join(", "), setting.about];
  });
  return all.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function fallbackText(fallback: unknown): string {
  if (fallback === undefined) return "";
  if (Array.isArray(fallback)) return fallback.length === 0 ? "none" : fallback.join(", ");
  if (typeof fallback === "number") return fallback.toLocaleString("en-US");
  return typeof fallback === "object" ? "none" : `${fallback as string | boolean}`;
}
