// `npm run test:integration`: the tests in `test/` folders, a process for each file, two lists side by side.
//
//   the repository   test/, testkit/    one file at a time: most of it is waiting for each other's default ports
//   the packages     packages/, examples/, benchmarks/   two at a time
//
// What the first list prints is shown as it comes, what the second prints when the first is over. One runner would take
// the files in the order of their names, and end with the longest of all. The exit code is 1 when a test has failed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

const lists = [
  {
    files: ["packages/*/test/**", "examples/*/test/**", "benchmarks/test/**"],
    concurrency: 2,
  },
  { files: ["test/**", "testkit/test/**"], concurrency: 1 },
];

/** Runs a list to its end; what it prints goes to `show`. */
async function run(
  { files, concurrency }: (typeof lists)[number],
  show: (text: string) => unknown,
): Promise<boolean> {
  const args = [
    "--conditions=@flx/source",
    "--import=./testkit/src/test-run.ts",
    "--test",
    "--test-timeout=600000",
    `--test-concurrency=${concurrency}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=./scripts/slowest-files.ts",
    "--test-reporter-destination=stdout",
    ...files.map((folder) => `${folder}/*.test.ts`),
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", show);
  }
  const [code] = (await once(child, "close")) as [number | null];
  return code === 0;
}

let shown = "";
let held = "";
const [first, second] = lists;
const waiting = run(second!, (text) => (held += text));
const isFirstGood = await run(first!, (text) => {
  shown += text;
  process.stdout.write(text);
});
const isSecondGood = await waiting;
process.stdout.write(held);
// What has failed stands at the end.
const failures = shown.indexOf("failing tests:");
if (!isFirstGood && failures >= 0) process.stdout.write(`\n${shown.slice(failures)}`);
process.exitCode = isFirstGood && isSecondGood ? 0 : 1;
