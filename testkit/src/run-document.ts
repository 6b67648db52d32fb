// Runs a Markdown document: every code block does what the document says, or the run fails.
//
//   ```sh                     bash -euo pipefail, from the root, in the order of the document
//   ```sh until="TEXT"        started; runs on from when TEXT is in its output until the document ends,
//                             then SIGINT to its group (what Ctrl-C does): it must end by itself and in
//                             order (code 0, 130 or SIGINT) and leave no process
//   ```ts                     a module of its own, packages found by their sources; `// => VALUE` is
//                             compared (doc-values.ts); until="TEXT" as above
//   ```json                   parsed
//   ```text, ```yaml          shown only, until somebody gives a rule for it
//   ``` ... needs=NAME,...    what must run before this block, by name; ends with the document
//   ``` ... checked-by=PATH   not run here: that file runs it, and must contain each line of the block
//   ``` ... title="..."       for readers
//
// Anything else fails: a language without a rule, an attribute nobody reads, a block without a language.
// `options.rules` adds languages or replaces the rules of json, yaml and text.

import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { holdDefaultPorts } from "./default-ports.ts";
import { codeBlocks, type CodeBlock } from "./docs.ts";
import { withValueChecks } from "./doc-values.ts";
import { TestkitError } from "./errors.ts";
import { startProcess, type RunningProcess } from "./process.ts";
import { commandLine, processesInGroup } from "./process-group.ts";

/** Something a document needs beside it; `env` is given to the blocks that follow. */
export interface DocumentNeed extends AsyncDisposable {
  readonly env?: Readonly<Record<string, string>>;
}

/** What is done with a block of a language: throw when it is wrong. */
export type BlockRule = (block: CodeBlock) => void | Promise<void>;

/** How a document is run. */
export interface DocumentOptions {
  /** Where commands run and paths begin: the root of the repository. */
  readonly root: string;
  /** Starts what `needs=NAME` asks for. */
  readonly needs?: Readonly<Record<string, () => Promise<DocumentNeed>>>;
  /** Rules for further languages, by language. */
  readonly rules?: Readonly<Record<string, BlockRule>>;
  /** Added to the environment of every block. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long one block may take, or may need to show its `until` text (default 60,000 ms). */
  readonly blockTimeoutMs?: number;
  /** How long a running block may take to end after SIGINT (default 10,000 ms). */
  readonly stopTimeoutMs?: number;
}

/** What was done with one block. */
export interface BlockResult {
  readonly line: number;
  readonly language: string;
  readonly outcome: "ran" | "kept running" | "checked" | "shown" | "run elsewhere";
}

/**
 * Runs the code blocks of a Markdown file in order and says what was done with each.
 *
 * @throws {TestkitError} `TESTKIT_DOC_FAILED` with file, line and the block's output; `TESTKIT_DOC_SYNTAX`
 */
export async function runDocument(file: string, options: DocumentOptions): Promise<BlockResult[]> {
  const path = resolve(options.root, file);
  const blocks = codeBlocks(await readFile(path, "utf8"), relative(options.root, path));
  await using _ = blocks.some(({ language }) => language in programs)
    ? await holdDefaultPorts()
    : undefined;
  const run = new DocumentRun(options);
  const results: BlockResult[] = [];
  try {
    for (const block of blocks) {
      // Later blocks build on what earlier ones did.
      const outcome = await run.block(block);
      results.push({ line: block.line, language: block.language, outcome });
    }
  } catch (error) {
    // The block's own failure is the news; what was left running is ended, and not judged.
    await run.end().catch(() => undefined);
    throw error;
  }
  await run.end();
  return results;
}

const knownAttributes = ["needs", "until", "checked-by", "title"];

/** The languages that are run, with the command for a block. */
const programs: Readonly<Record<string, (block: CodeBlock) => [string, ...string[]]>> = {
  sh: ({ text }) => ["bash", "-euo", "pipefail", "-c", text],
  ts: ({ text, file, line }) => [
    process.execPath,
    "--conditions=@flx/source",
    "--input-type=module-typescript",
    "--eval",
    withValueChecks(text, file, line + 1),
  ],
};

const ownRules: Readonly<Record<string, BlockRule | "shown">> = {
  text: "shown",
  yaml: "shown",
  json: ({ text }) => void JSON.parse(text),
};

class DocumentRun {
  readonly #options: DocumentOptions;
  readonly #needs = new Map<string, DocumentNeed>();
  readonly #running: { block: CodeBlock; process: RunningProcess }[] = [];

  constructor(options: DocumentOptions) {
    this.#options = options;
  }

  async block(block: CodeBlock): Promise<BlockResult["outcome"]> {
    for (const name of block.attributes.keys()) {
      if (!knownAttributes.includes(name)) {
        fail(block, `no rule for the attribute "${name}"; there are ${knownAttributes.join(", ")}`);
      }
    }
    const checkedBy = block.attributes.get("checked-by");
    if (checkedBy !== undefined) return this.#runElsewhere(block, checkedBy);
    await this.#startNeeds(block);

    const program = programs[block.language];
    if (program !== undefined) return this.#run(block, program(block));
    if (block.attributes.has("until")) fail(block, `"until" is for sh and ts blocks`);

    const rule = this.#options.rules?.[block.language] ?? ownRules[block.language];
    if (rule === "shown") return "shown";
    if (rule === undefined) {
      const languages = [programs, ownRules, this.#options.rules ?? {}].flatMap(Object.keys);
      const named = block.language === "" ? "a block without a language" : `"${block.language}"`;
      return fail(block, `no rule for ${named}; there are rules for ${languages.join(", ")}`);
    }
    try {
      await rule(block);
    } catch (error) {
      fail(block, error instanceof Error ? error.message : String(error), error);
    }
    return "checked";
  }

  /** Ends what blocks left running, last first, then what the document needed. */
  async end(): Promise<void> {
    const failures: unknown[] = [];
    for (const { block, process: running } of this.#running.splice(0).toReversed()) {
      try {
        judgeEnd(block, running.name, await endKept(running), running.log());
      } catch (error) {
        failures.push(error);
      }
    }
    for (const need of [...this.#needs.values()].toReversed()) {
      try {
        await need[Symbol.asyncDispose]();
      } catch (error) {
        failures.push(error);
      }
    }
    this.#needs.clear();
    if (failures.length > 1) throw new AggregateError(failures, "several things did not end");
    if (failures.length === 1) throw failures[0];
  }

  async #run(
    block: CodeBlock,
    [command, ...args]: [string, ...string[]],
  ): Promise<BlockResult["outcome"]> {
    const { root, env = {}, blockTimeoutMs = 60_000, stopTimeoutMs = 10_000 } = this.#options;
    const until = block.attributes.get("until");
    const name = `${block.file}:${block.line}`;
    const running = await startProcess({
      name,
      command,
      args,
      cwd: root,
      env: { ...this.#needsEnv(), ...env },
      stopSignal: "SIGINT",
      stopTimeoutMs,
    });
    if (until !== undefined) {
      this.#running.push({ block, process: running });
      try {
        await running.waitForLine(new RegExp(RegExp.escape(until)), blockTimeoutMs);
      } catch (error) {
        const why = running.exit === undefined ? `within ${blockTimeoutMs} ms` : "before it ended";
        failWithLog(block, `"${until}" did not appear ${why}`, running.log(), error);
      }
      return "kept running";
    }
    try {
      const exit = await Promise.race([
        running.exited,
        sleep(blockTimeoutMs, undefined, { ref: false }),
      ]);
      if (exit === undefined) {
        failWithLog(block, `still runs after ${blockTimeoutMs} ms; has it an end?`, running.log());
      }
      const left = processesInGroup(running.pid).map(commandLine);
      if (left.length > 0) failWithLog(block, `left running: ${left.join(", ")}`, running.log());
      if (exit.code !== 0) {
        failWithLog(block, `ended with ${exit.signal ?? `code ${exit.code}`}`, running.log());
      }
    } finally {
      await running.kill();
    }
    return "ran";
  }

  async #startNeeds(block: CodeBlock): Promise<void> {
    const names = block.attributes.get("needs")?.split(",") ?? [];
    for (const name of names) {
      if (this.#needs.has(name)) continue;
      const start = this.#options.needs?.[name];
      if (start === undefined) {
        const there = Object.keys(this.#options.needs ?? {}).join(", ") || "nothing";
        return fail(block, `needs "${name}", but there is ${there}`);
      }
      this.#needs.set(name, await start());
    }
  }

  #needsEnv(): Record<string, string> {
    return Object.assign({}, ...[...this.#needs.values()].map((need) => need.env ?? {}));
  }

  async #runElsewhere(block: CodeBlock, path: string): Promise<"run elsewhere"> {
    let text: string;
    try {
      text = await readFile(resolve(this.#options.root, path), "utf8");
    } catch (error) {
      return fail(block, `checked-by names ${path}, which cannot be read`, error);
    }
    for (const line of block.text.split("\n").map((each) => each.trim())) {
      if (line !== "" && !line.startsWith("#") && !text.includes(line)) {
        fail(block, `checked-by names ${path}, which does not contain: ${line}`);
      }
    }
    return "run elsewhere";
  }
}

type End = { readonly early: boolean; readonly how: string; readonly problems: readonly string[] };

async function endKept(running: RunningProcess): Promise<End> {
  const early = running.exit !== undefined;
  const { code, signal, killed } = await running.stop();
  const problems = killed.map((command) => `had to be killed: ${command}`);
  const inOrder = code === 0 || code === 130 || signal === "SIGINT";
  const how = signal ?? `code ${code}`;
  if (killed.length === 0 && !inOrder) problems.push(`did not end in order after SIGINT: ${how}`);
  return { early, how, problems };
}

function judgeEnd(block: CodeBlock, name: string, end: End, log: string): void {
  if (end.early) {
    failWithLog(block, `${name} ended while later blocks needed it (${end.how})`, log);
  }
  if (end.problems.length > 0) failWithLog(block, end.problems.join("; "), log);
}

function failWithLog(block: CodeBlock, message: string, log: string, cause?: unknown): never {
  const tail = log.split("\n").slice(-40);
  return fail(block, `${message}\n${tail.map((line) => `  | ${line}`).join("\n")}`, cause);
}

function fail(block: CodeBlock, message: string, cause?: unknown): never {
  throw new TestkitError(
    "TESTKIT_DOC_FAILED",
    `${block.file}:${block.line}: ${message}`,
    cause === undefined ? {} : { cause },
  );
}
