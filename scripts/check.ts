// `npm run check`: everything a machine can judge without running the code, all at once.
//
//   format   oxfmt --check                 layout
//   lint     oxlint, type-aware            rules of oxlint.config.ts, import cycles, the layers of layers.ts
//   types    tsc --noEmit                  TypeScript 7, all sources, tests, scripts
//
// They run side by side; what fails prints its report, and the exit code is 1.

import { spawn } from "node:child_process";
import { join } from "node:path";

interface Outcome {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: string;
  readonly report: string;
}

const binaries = join(process.cwd(), "node_modules", ".bin");

const checks = [
  { name: "format", command: "oxfmt", args: ["--check"] },
  { name: "lint", command: "oxlint", args: ["--deny-warnings"] },
  { name: "types", command: "tsc", args: ["--noEmit", "--pretty"] },
];

/** Runs one check to its end and keeps what it says. */
function run({ name, command, args }: (typeof checks)[number]): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve) => {
    let report = "";
    const child = spawn(join(binaries, command), args, { stdio: ["ignore", "pipe", "pipe"] });
    const keep = (chunk: Buffer) => {
      report += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const finish = (passed: boolean, more = "") => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      resolve({ name, passed, seconds, report: report + more });
    };
    child.on("error", (error) => {
      finish(false, `${error.message}: run \`npm ci\` first\n`);
    });
    child.on("close", (code) => {
      finish(code === 0);
    });
  });
}

const outcomes = await Promise.all(checks.map(run));
for (const { name, passed, report } of outcomes) {
  if (!passed) process.stdout.write(`\n--- ${name}\n${report}\n`);
}
for (const { name, passed, seconds } of outcomes) {
  process.stdout.write(`${passed ? "ok  " : "FAIL"} ${name} (${seconds} s)\n`);
}
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1;
