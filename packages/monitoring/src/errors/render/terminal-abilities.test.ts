import assert from "node:assert/strict";
import { test } from "node:test";
import { terminalAbilities } from "./terminal-abilities.ts";

type Env = Readonly<Record<string, string>>;

test("terminalAbilities() has colours as the user, the terminal and the CI have them, in this order", () => {
  const f = (env: Env, isTTY: boolean, want: boolean) => {
    assert.equal(terminalAbilities({ isTTY }, env).color, want, JSON.stringify([env, isTTY]));
  };

  f({}, true, true);
  f({}, false, false);
  f({ NO_COLOR: "1" }, true, false);
  f({ NO_COLOR: "" }, true, true);
  f({ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false);
  f({ FORCE_COLOR: "1" }, false, true);
  f({ FORCE_COLOR: "true" }, false, true);
  f({ FORCE_COLOR: "0" }, true, false);
  f({ FORCE_COLOR: "false" }, true, false);
  f({ FORCE_COLOR: "" }, false, false);
  f({ TERM: "dumb" }, true, false);
  f({ TERM: "dumb", FORCE_COLOR: "1" }, true, true);
  f({ CI: "true" }, false, false);
  f({ CI: "true", GITHUB_ACTIONS: "true" }, false, true);
  f({ CI: "true", GITHUB_ACTIONS: "true", NO_COLOR: "1" }, false, false);
});

test("terminalAbilities() has links where the terminal is known to have them, and never in files or CI", () => {
  const f = (env: Env, isTTY: boolean, want: boolean) => {
    assert.equal(terminalAbilities({ isTTY }, env).links, want, JSON.stringify([env, isTTY]));
  };

  f({}, true, false);
  f({ TERM_PROGRAM: "vscode" }, true, true);
  f({ TERM_PROGRAM: "vscode" }, false, false);
  f({ TERM_PROGRAM: "vscode", CI: "true" }, true, false);
  f({ TERM_PROGRAM: "vscode", NO_COLOR: "1" }, true, false);
  f({ TERM_PROGRAM: "Apple_Terminal" }, true, false);
  f({ TERM: "xterm-kitty" }, true, true);
  f({ VTE_VERSION: "6003" }, true, true);
  f({ VTE_VERSION: "4205" }, true, false);
  f({ FORCE_HYPERLINK: "1" }, true, true);
  f({ FORCE_HYPERLINK: "0", TERM: "xterm-kitty" }, true, false);
});

test("terminalAbilities() has the width of the stream, of COLUMNS, or 100", () => {
  const f = (columns: number | undefined, env: Env, want: number) => {
    assert.equal(terminalAbilities({ columns }, env).width, want);
  };

  f(80, { COLUMNS: "60" }, 80);
  f(undefined, { COLUMNS: "60" }, 60);
  f(undefined, {}, 100);
  f(0, {}, 100);
  f(undefined, { COLUMNS: "wide" }, 100);
  f(undefined, { COLUMNS: "" }, 100);
  f(5, {}, 100);
  f(1e9, {}, 100);
});
