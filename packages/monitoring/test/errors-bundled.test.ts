// One error, from code as it is written, as a bundler makes it small, and after lines have moved: the same group, and a report
// that leads to the source. The bundler is the real one, each program a process of its own.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { RichErrorHandler } from "@flx/monitoring/errors";
import { temporaryFolder, type TemporaryFolder } from "@flx/testkit";
import { rolldown } from "rolldown";

const run = promisify(execFile);

const RATES = `interface Rates { readonly [country: string]: number }
const rates: Rates = { DE: 1.19 };

export class RateBook {
  rateOf(country: string): number {
    const rate = rates[country];
    if (rate === undefined) throw new RangeError(\`no rate of \${country}\`);
    return rate;
  }
}
`;

const MAIN = `import { RateBook } from "./rates.ts";

async function priceOrder(book: RateBook, country: string): Promise<number> {
  await null;
  try {
    return 7 * book.rateOf(country);
  } catch (cause) {
    throw new Error(\`order of \${country} has no price\`, { cause });
  }
}

export async function importOrders(countries: readonly string[]): Promise<void> {
  for (const country of countries) await priceOrder(new RateBook(), country);
}

const told = (error: Error): object => ({
  name: error.name,
  message: error.message,
  stack: error.stack,
  ...(error.cause instanceof Error && { cause: told(error.cause) }),
});

await importOrders(["DE", "XX"]).catch((error: Error) => console.log(JSON.stringify(told(error))));
`;

interface Told {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: Told;
}

function errorOf({ cause, ...rest }: Told): Error {
  const error = new Error("", cause === undefined ? {} : { cause: errorOf(cause) });
  return Object.assign(error, rest);
}

/** Runs a program, and gives the report of the error it tells. */
async function reportOf(file: string, flags: readonly string[] = []) {
  const { stdout } = await run(process.execPath, [...flags, file]);
  const error = errorOf(JSON.parse(stdout) as Told);
  return new RichErrorHandler({ format: "plain" }).report(error);
}

async function sources(folder: TemporaryFolder, name: string, before = ""): Promise<string> {
  const path = folder.file(name);
  await mkdir(join(path, "src"), { recursive: true });
  await writeFile(join(path, "package.json"), '{"type":"module"}');
  await writeFile(join(path, "src/rates.ts"), before + RATES);
  await writeFile(join(path, "src/main.ts"), before + MAIN);
  return path;
}

test("one error has one fingerprint: as TypeScript, made small with any kind of map, mapped by Node, and lines later", async () => {
  await using folder = await temporaryFolder("bundled");
  const plain = await sources(folder, "plain");
  const want = await reportOf(join(plain, "src/main.ts"));
  const places = (report: typeof want) =>
    [report, report.cause!].map(({ frames }) => {
      const first = frames.find((each) => each.kind === "frame");
      const marked = first!.code!.lines.find(({ number }) => number === first!.line)!;
      return [
        first!.functionName?.replace(/^.*\./, ""),
        first!.file!.replace(/^.*\/src\//, ""),
        first!.line,
        marked.tokens
          .map(({ text }) => text)
          .join("")
          .trim(),
      ];
    });
  assert.deepEqual(places(want), [
    ["priceOrder", "main.ts", 8, "throw new Error(`order of ${country} has no price`, { cause });"],
    [
      "rateOf",
      "rates.ts",
      7,
      "if (rate === undefined) throw new RangeError(`no rate of ${country}`);",
    ],
  ]);

  const lines = await sources(folder, "lines", "// Another line.\n".repeat(40));
  const later = await reportOf(join(lines, "src/main.ts"));
  assert.equal(later.fingerprint, want.fingerprint, "lines later");

  const bundle = await rolldown({ input: join(plain, "src/main.ts"), platform: "node" });
  for (const sourcemap of [true, "inline"] as const) {
    for (const minify of [true, false]) {
      const file = join(plain, `dist-${sourcemap}-${minify}/main.js`);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await bundle.write({ file, format: "esm", sourcemap, minify });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const small = await reportOf(file);
      assert.equal(small.fingerprint, want.fingerprint, file);
      assert.deepEqual(places(small), places(want), file);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const byNode = await reportOf(file, ["--enable-source-maps"]);
      assert.equal(byNode.fingerprint, want.fingerprint, `${file}, mapped by Node`);
    }
  }
  await bundle.close();
});
