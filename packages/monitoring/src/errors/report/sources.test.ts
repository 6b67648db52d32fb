// Code of frames through source maps, from files as bundlers and compilers write them.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RichErrorHandler } from "../index.ts";
import { SourceFiles } from "./source-files.ts";

function folder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "flx-sources-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** `function t(){throw new Error("no")}` on one line, from two lines of a source. */
const map = {
  version: 3,
  sources: ["src/orders.ts"],
  sourcesContent: ['export function place(order: Order) {\n  throw new Error("no");\n}\n'],
  names: [],
  // 0 -> 1:0, 13 -> 2:2, 19 -> 2:8
  mappings: "AAAA,aACE,MAAM",
};
const code = 'function t(){throw new Error("no")}';

test("SourceFiles finds the source by a map beside the file, inline, and refuses what is none", () => {
  using at = folder();
  const sources = new SourceFiles();
  const f = (name: string, content: string, want: readonly [string, number, number]) => {
    const file = join(at.path, name);
    writeFileSync(file, content);
    const { file: found, line, column } = sources.place(file, 1, 20);
    assert.deepEqual([found, line, column], [join(at.path, want[0]), want[1], want[2]], name);
  };
  writeFileSync(join(at.path, "a.js.map"), JSON.stringify(map));
  writeFileSync(join(at.path, "broken.map"), '{"version":3,"sources":[');
  const inline = Buffer.from(JSON.stringify(map)).toString("base64");
  f("a.js", `${code}\n//# sourceMappingURL=a.js.map\n`, ["src/orders.ts", 2, 9]);
  f("b.js", `${code}\n//# sourceMappingURL=data:application/json;base64,${inline}`, [
    "src/orders.ts",
    2,
    9,
  ]);
  f("c.js", `${code}\n/*# sourceMappingURL=a.js.map */`, ["src/orders.ts", 2, 9]);
  f("d.js", `${code}\n//# sourceMappingURL=broken.map`, ["d.js", 1, 20]);
  f("e.js", `${code}\n//# sourceMappingURL=missing.map`, ["e.js", 1, 20]);
  f("f.js", `${code}\n//# sourceMappingURL=http://127.0.0.1:1/x.map`, ["f.js", 1, 20]);
  f("g.js", `${code}\nconst s = "//# sourceMappingURL=a.js.map";\nf(s);`, ["g.js", 1, 20]);
});

test("an error of minified code has the report and the fingerprint of the code as it was written", () => {
  using at = folder();
  writeFileSync(join(at.path, "a.js"), `${code}\n//# sourceMappingURL=a.js.map\n`);
  writeFileSync(join(at.path, "a.js.map"), JSON.stringify(map));
  const handler = new RichErrorHandler({ format: "plain" });
  const error = (stack: string) => Object.assign(new Error("no"), { stack });
  const minified = handler.report(error(`Error: no\n    at t (${join(at.path, "a.js")}:1:20)`));
  const frame = minified.frames.find((entry) => entry.kind === "frame");
  assert.deepEqual([frame?.functionName, frame?.line, frame?.column], ["place", 2, 9]);
  assert.equal(frame?.code?.lines.length, 4);
  const written = handler.report(
    error(`Error: no\n    at place (${join(at.path, "src/orders.ts")}:40:9)`),
  );
  assert.equal(minified.fingerprint, written.fingerprint);
});
