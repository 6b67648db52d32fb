// Code of frames through source maps, from files as bundlers and compilers write them.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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

/** Code of one line, and a map of it with so many segments: seven characters apart, each four further in the lines of a source. */
function bundle(segments: number): { code: string; map: string } {
  const mappings = `AAAA${",OACA,OAAA".repeat(segments / 2)}`;
  const source = 'export const place = () => new Error("no");\n'.repeat(segments / 2 + 1);
  return {
    code: `${"x".repeat(1_000)}\n//# sourceMappingURL=main.js.map\n`,
    map: JSON.stringify({
      version: 3,
      sources: ["../src/main.ts"],
      sourcesContent: [source],
      mappings,
    }),
  };
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes that live. */
function held(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test("a map of megabytes leads to the source, and what many of them hold is bounded", () => {
  const { code: text, map: large } = bundle(400_000);
  assert.ok(large.length > 10_000_000);
  const before = held();
  const sources = new SourceFiles((path) => (path.endsWith(".map") ? large : text));
  const places: (number | undefined)[] = [];
  let most = 0;
  for (let i = 0; i < 8; i++) {
    // Each is another file; a segment stands at 0, 7, 14 ...
    const place = sources.place(`/app/dist-${i}/main.js`, 1, 71);
    places.push(place.line);
    assert.equal(place.file, `/app/src/main.ts`);
    if (i % 2 === 1) most = Math.max(most, held() - before);
  }
  assert.deepEqual(new Set(places), new Set([6]));
  assert.ok(sources.filesLetGo > 0);
  assert.ok(most < 110 * 1024 * 1024, `${most} bytes`);
});

test("a map, and code, that is too large is said in the report, which is made of what ran", () => {
  using at = folder();
  const main = join(at.path, "main.js");
  writeFileSync(main, bundle(2).code);
  writeFileSync(`${main}.map`, "{");
  truncateSync(`${main}.map`, 33 * 1024 * 1024);
  const huge = join(at.path, "huge.js");
  writeFileSync(huge, "");
  truncateSync(huge, 17 * 1024 * 1024);
  const broken = join(at.path, "broken.js");
  writeFileSync(broken, `${code}\n//# sourceMappingURL=broken.js.map\n`);
  writeFileSync(`${broken}.map`, '{"version":3,"sources":[],"mappings":"AAAA"}');
  const error = Object.assign(new Error("no"), { notes: ["its own"] });
  const places = [main, main, huge, broken].map((file, i) => `    at f${i} (${file}:1:${20 + i})`);
  error.stack = `Error: no\n${places.join("\n")}`;
  const handler = new RichErrorHandler({ format: "plain" });
  const { notes, frames } = handler.report(error);
  assert.deepEqual(notes, [
    "its own",
    "main.js.map is larger than 32 MB and was not read",
    "huge.js is larger than 16 MB and was not read",
    "the source map of broken.js was not used: not a source map: a source is out of bounds: 0",
  ]);
  assert.deepEqual(
    frames.map((each) => each.kind === "frame" && [each.file, each.line, each.column]),
    [main, main, huge, broken].map((file, i) => [file, 1, 20 + i]),
  );
  assert.match(handler.format(error), /note: main\.js\.map is larger than 32 MB/);
});
