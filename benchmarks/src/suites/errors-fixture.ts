// A program of ten TypeScript modules whose calls go through all of them, twice each, and end in an error: twenty own
// frames. Compiled by tsc, with source maps beside the JavaScript, as services are.
//
//   dist/step-0.js  enterStep0 ─► workStep0 ─► dist/step-1.js  enterStep1 ─► ... ─► workStep9: throw
//   src/step-0.ts   what the maps lead to
//
// It lies in a folder of its own, which is removed when the process ends.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const MODULES = 10;

/** Own frames of the error that the program ends in. */
export const FRAMES: number = MODULES * 2;

/**
 * Writes and compiles the program.
 *
 * @returns the path of the module that exports `fail(id: number): never`
 * @throws {Error} when tsc refuses it
 */
export function compileFixture(): string {
  const folder = mkdtempSync(join(tmpdir(), "flx-bench-errors-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "src"));
  for (let i = 0; i < MODULES; i++) {
    writeFileSync(join(folder, `src/step-${i}.ts`), moduleText(i));
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(
    join(folder, "src/main.ts"),
    `import { enterStep0 } from "./step-0.js";

/** Fails in the tenth module. */
export function fail(id: number): never {
  enterStep0({ id, country: "XX", lines: [] });
  throw new TypeError("nothing failed");
}
`,
  );
  const compiler = createRequire(import.meta.url).resolve("typescript/package.json");
  execFileSync(
    process.execPath,
    [
      join(dirname(compiler), "bin/tsc"),
      "--outDir",
      join(folder, "dist"),
      "--rootDir",
      join(folder, "src"),
      "--sourceMap",
      "--target",
      "es2022",
      "--module",
      "nodenext",
      "--types",
      "",
      join(folder, "src/main.ts"),
    ],
    { cwd: folder },
  );
  return join(folder, "dist/main.js");
}

function moduleText(i: number): string {
  const isLast = i === MODULES - 1;
  const next = isLast
    ? `throw new RangeError(\`no rate for order \${order.id} in \${order.country}\`);`
    : `return enterStep${i + 1}({ ...order, lines: [...order.lines, "step ${i}"] });`;
  return `${isLast ? "" : `import { enterStep${i + 1} } from "./step-${i + 1}.js";\n`}
/** An order on its way through the steps. */
export interface Order {
  readonly id: number;
  readonly country: string;
  readonly lines: readonly string[];
}

/** Rates by country. */
const rates: Readonly<Record<string, number>> = { DE: 1.19, FR: 1.2, IT: 1.22 };

${Array.from({ length: 6 }, (_, k) => fillerText(i, k)).join("\n")}
/** Step ${i}: looks at the order before it is worked on. */
export function enterStep${i}(order: Order): number {
  const open = order.lines.filter((line) => line.length > 0);
  if (open.length > 100) {
    return summary${i}x0(open);
  }
  return workStep${i}(order, rates[order.country] ?? 1) * 2;
}

/** What step ${i} does. */
function workStep${i}(order: Order, rate: number): number {
  // The rate is looked up once; it may be missing for a country that was added today.
  const total: number = order.lines.length * rate;
  if (total >= 0) {
    ${next}
  }
  return summary${i}x1(order.lines) + total;
}
`;
}

/** Code that does not fail; sources are more than what fails in them. */
function fillerText(i: number, k: number): string {
  return `/** Adds up the lengths of some lines, in the way of variant ${k}. */
function summary${i}x${k}(lines: readonly string[]): number {
  let sum = ${k};
  for (const [at, line] of lines.entries()) {
    const weight: number = at % 2 === 0 ? 1 : ${k + 2};
    sum += line.trim().length * weight; // each line once
  }
  return sum > 10_000 ? Number.NaN : sum;
}
`;
}
