// Small documents, good and bad, run for real.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  freePort,
  isPortFree,
  processesInGroup,
  runDocument,
  temporaryFolder,
  TestkitError,
  type DocumentOptions,
} from "@flx/testkit";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function run(blocks: readonly string[], options: Partial<DocumentOptions> = {}) {
  await using folder = await temporaryFolder("document");
  writeFileSync(folder.file("a.md"), blocks.join("\n\n"));
  return await runDocument(folder.file("a.md"), { root, blockTimeoutMs: 5000, ...options });
}

const block = (info: string, ...lines: readonly string[]) =>
  ["```" + info, ...lines, "```"].join("\n");

test("runDocument() runs the blocks of a document in order", async () => {
  await using folder = await temporaryFolder("order");
  const results = await run(
    [
      "# A document",
      block("sh", "test -f package.json", 'echo one >"$F"'),
      block("sh", "# and then", 'echo two >>"$F"', 'test "$(cat "$F")" = "one\ntwo"'),
      block(
        "ts",
        'import { freePort } from "@flx/testkit";',
        "const port: number = await freePort();",
        "port > 1024; // => true",
        'console.log("sum", 40 + 2); // => sum 42',
        'const label = { country: "DE" }; // => {"country": "DE"}',
      ),
      block("json", '{ "a": 1 }'),
      block("yaml", "a: 1"),
      block("text", "anything"),
      block("promql title=a", "up"),
      block(
        "sh checked-by=testkit/test/run-document.test.ts",
        "# not run here",
        "test -f package.json",
      ),
    ],
    { env: { F: folder.file("f") }, rules: { promql: () => {} } },
  );
  assert.deepEqual(
    results.map(({ language, outcome }) => `${language}: ${outcome}`),
    [
      "sh: ran",
      "sh: ran",
      "ts: ran",
      "json: checked",
      "yaml: shown",
      "text: shown",
      "promql: checked",
      "sh: run elsewhere",
    ],
  );
});

test("runDocument() keeps a block running until the end of the document", async () => {
  const port = await freePort();
  const events: string[] = [];
  const results = await run(
    [
      block(
        'ts until="listening on"',
        'import { createServer } from "node:http";',
        'const server = createServer((_, answer) => answer.end("hello"));',
        'process.on("SIGINT", () => server.close());',
        `server.listen(${port}, "127.0.0.1", () => console.log("listening on ${port}"));`,
      ),
      block('sh until="ready"', "echo ready; sleep 60"),
      block(
        "ts needs=shop",
        `const answer = await fetch("http://127.0.0.1:${port}/", { headers: { connection: "close" } });`,
        'await answer.text(); // => "hello"',
        'process.env["SHOP"]; // => "open"',
      ),
      block("sh needs=shop", "true"),
    ],
    {
      needs: {
        shop: async () => {
          events.push("shop opens");
          return {
            env: { SHOP: "open" },
            [Symbol.asyncDispose]: async () => {
              events.push("shop closes");
            },
          };
        },
      },
    },
  );
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ["kept running", "kept running", "ran", "ran"],
  );
  assert.deepEqual(events, ["shop opens", "shop closes"]);
  assert.equal(await isPortFree(port), true);
});

test("runDocument() fails with file, line and output", async () => {
  const f = async (
    blocks: readonly string[],
    message: RegExp,
    options?: Partial<DocumentOptions>,
  ) => {
    await assert.rejects(run(blocks, options), (error: unknown) => {
      assert.ok(error instanceof TestkitError, String(error));
      assert.match(error.message, message);
      return true;
    });
  };

  await Promise.all([
    f(
      ["text", block("sh", "echo before", "false", "echo after")],
      /a\.md:3: ended with code 1\n {2}\| before$/,
    ),
    f([block("sh", "echo $unset")], /unbound variable/),
    f([block("sh", "false | true")], /ended with code 1/),
    f([block("sh", "sleep 60 &")], /:1: left running: sleep 60/),
    f([block("sh", "sleep 60")], /still runs after 100 ms/, { blockTimeoutMs: 100 }),
    f([block("ts", "const a = 1;", "a + 1; // => 3")], /line 3: expected 3, got 2/),
    f([block("ts", 'console.log("a"); // => b')], /line 2: expected b, got a/),
    f([block("ts", "await Promise.reject(new Error('no'))")], /Error: no/),
    f([block("ts", "", "nothing.here")], /:3\n.*ReferenceError|ReferenceError/s),
    f([block("json", "{ a: 1 }")], /a\.md:1: Expected property name/),
    f([block("", "x")], /no rule for a block without a language; there are rules for sh, ts, text/),
    f([block("rust", "x")], /no rule for "rust"/),
    f([block("sh untill=x", "x")], /no rule for the attribute "untill"/),
    f([block("json until=x", "1")], /"until" is for sh and ts blocks/),
    f([block("sh needs=moon", "x")], /needs "moon", but there is nothing/),
    f([block("sh checked-by=no/such.ts", "x")], /names no\/such\.ts, which cannot be read/),
    f(
      [block("sh checked-by=package.json", "npm run moon")],
      /which does not contain: npm run moon/,
    ),
    f(
      [block('sh until="ready"', "echo nearly")],
      /"ready" did not appear before it ended\n {2}\| nearly/,
    ),
    f([block('sh until="ready"', "sleep 60")], /"ready" did not appear within 100 ms/, {
      blockTimeoutMs: 100,
    }),
  ]);
});

test("runDocument() fails when a kept block does not end as it should", async () => {
  const f = async (script: string, message: RegExp, stopTimeoutMs = 10_000) =>
    assert.rejects(
      run([block('sh until="ready"', script), block("sh", "sleep 0.2")], { stopTimeoutMs }),
      { code: "TESTKIT_DOC_FAILED", message },
    );

  await Promise.all([
    f("echo ready; exit 0", /ended while later blocks needed it \(code 0\)/),
    f(
      "trap 'exit 3' INT; echo ready; while :; do sleep 0.01; done",
      /did not end in order after SIGINT: code 3/,
    ),
    f("trap '' INT; echo ready; sleep 60", /had to be killed: .*sleep 60/, 200),
  ]);
});

test("runDocument() ends what runs when a later block fails", async () => {
  await using folder = await temporaryFolder("pid");
  await assert.rejects(
    run([
      block('sh until="ready"', `echo $$ >${folder.file("pid")}; echo ready; sleep 60`),
      block("sh", `exit $(( $(cat ${folder.file("pid")}) > 1 ? 5 : 6 ))`),
    ]),
    /code 5/,
  );
  const { readFile } = await import("node:fs/promises");
  const pid = Number(await readFile(folder.file("pid"), "utf8"));
  assert.deepEqual(processesInGroup(pid), []);
});
