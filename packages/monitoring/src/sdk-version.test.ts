import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SDK_VERSION } from "./sdk-version.ts";

test("SDK_VERSION is that of package.json", () => {
  const url = new URL("../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(url, "utf8")) as { version: string };
  assert.equal(SDK_VERSION, version);
});
