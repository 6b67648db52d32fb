import assert from "node:assert/strict";
import { test } from "node:test";
import { howCalled } from "./how-called.ts";

test("howCalled() says what runs the command again", () => {
  const f = (variables: NodeJS.ProcessEnv, want: string) =>
    assert.equal(howCalled(variables), want);

  f({}, "flx");
  f({ npm_command: "exec", npm_lifecycle_event: "npx" }, "npx flx");
  f({ npm_command: "run-script", npm_lifecycle_event: "monitor" }, "npx flx");
  f({ npm_command: "run", npm_lifecycle_event: "flx" }, "npm run -s flx --");
  f({ npm_command: "install" }, "flx");
});
