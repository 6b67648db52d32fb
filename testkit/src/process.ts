// Starts a real process for a test, waits until it is ready, keeps its log, and ends it for certain.
//
//   startProcess ── spawn (own group) ── ready? ──yes──> RunningProcess ── stop()
//                                           │                                │ signal to the group
//                                           ├─ exited: error + log           │ wait up to stopTimeoutMs
//                                           └─ too late: error + log, ended  │ SIGKILL to the group
//                                                                            └ wait until it is really gone
//
// A process group, not a process: `npm start` is a shell, an npm, a node and its services. The whole group
// gets the signal, and `stop()` returns only when none of it lives. If the test process ends first, in
// whatever way, guardian.ts ends the group.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TestkitError } from "./errors.ts";
import { guard, unguard } from "./guardian.ts";
import { commandLine, processesInGroup, signalGroup } from "./process-group.ts";
import { ProcessLog, type LogLine } from "./process-log.ts";
import { httpGet, isListening, waitUntil } from "./wait.ts";

/** When a process counts as ready: a line of its output, a loopback port, a URL that answers 2xx. */
export type Ready =
  | { readonly line: RegExp }
  | { readonly port: number }
  | { readonly url: string };

/** What to start and how to know that it runs. */
export interface ProcessOptions {
  /** The program, found through PATH. No shell is involved. */
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  /** Added to this process' environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
  /** Without it the process counts as ready when it is started. */
  readonly ready?: Ready | undefined;
  /** Default 60,000 ms. */
  readonly readyTimeoutMs?: number | undefined;
  /** What `stop()` sends first (default SIGTERM). */
  readonly stopSignal?: NodeJS.Signals | undefined;
  /** How long `stop()` waits before SIGKILL (default 5,000 ms). */
  readonly stopTimeoutMs?: number | undefined;
  /** Its name in messages (default: the command). */
  readonly name?: string | undefined;
  /** How much of its output is kept, in characters (default 4 Mi). */
  readonly maxLogChars?: number | undefined;
}

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a process group was ended. */
export interface StopResult extends Exit {
  /** Command lines of the processes that had to be ended by SIGKILL; empty after an orderly stop. */
  readonly killed: readonly string[];
}

/** A process that was started and became ready. Disposing of it is `stop()`. */
export interface RunningProcess extends AsyncDisposable {
  readonly name: string;
  /** Its process id, which is also the number of its group. */
  readonly pid: number;
  /** Settles when the process has ended and its output is read; never rejects. */
  readonly exited: Promise<Exit>;
  /** How it ended, or undefined while it runs. */
  readonly exit: Exit | undefined;
  /** The kept output, stdout and stderr in order of arrival. */
  log(): string;
  /** The kept output with time and stream of each line. */
  logLines(): readonly LogLine[];
  /**
   * Waits for a line of output, also among those already there.
   * @throws {TestkitError} `TESTKIT_TIMEOUT`, or `TESTKIT_EXITED` when it ended without that line
   */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Sends a signal to the whole group; false when none of it is left. */
  signal(signal: NodeJS.Signals): boolean;
  /**
   * Ends the group: stop signal, bounded wait, SIGKILL. Calling it again gives the same result.
   * @throws {TestkitError} `TESTKIT_STILL_RUNNING` when even SIGKILL left something
   */
  stop(): Promise<StopResult>;
  /** Ends the group by SIGKILL at once, as a power cut would. */
  kill(): Promise<StopResult>;
}

/**
 * Starts a program in a process group of its own and waits until it is ready.
 *
 * @throws {TestkitError} `TESTKIT_SPAWN` when it cannot be started, `TESTKIT_EXITED` when it ends before
 *   it is ready, `TESTKIT_NOT_READY` when that takes too long (it is ended then); each with its last lines
 * @example
 *   await using server = await startProcess({
 *     command: "node", args: ["server.ts"], ready: { url: `http://127.0.0.1:${port}/readyz` },
 *   });
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const started = new StartedProcess(options);
  await started.spawned();
  if (options.ready !== undefined) {
    try {
      await started.becomesReady(options.ready, options.readyTimeoutMs ?? 60_000);
    } catch (error) {
      await started.stop();
      throw error;
    }
  }
  return started;
}

/** How many lines of its log an error shows. */
const shownLines = 30;

class StartedProcess implements RunningProcess {
  readonly name: string;
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  readonly #child: ChildProcess;
  readonly #options: ProcessOptions;
  readonly #log: ProcessLog;
  #ending: Promise<StopResult> | undefined;
  #isGone = false;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.name = options.name ?? basename(options.command);
    this.#log = new ProcessLog(options.maxLogChars);
    this.#child = spawn(options.command, options.args ?? [], {
      cwd: options.cwd,
      env: childEnvironment(options.env),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    if (this.#child.pid !== undefined) guard(this.#child.pid);
    for (const stream of ["stdout", "stderr"] as const) {
      this.#child[stream]?.setEncoding("utf8");
      this.#child[stream]?.on("data", (chunk: string) => this.#log.append(stream, chunk));
    }
    this.exited = this.#watchExit();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async spawned(): Promise<void> {
    if (this.#child.pid !== undefined) return;
    const error = await new Promise<Error>((resolve) => this.#child.once("error", resolve));
    throw new TestkitError("TESTKIT_SPAWN", `${this.name} cannot be started: ${error.message}`, {
      cause: error,
    });
  }

  async becomesReady(ready: Ready, timeoutMs: number): Promise<void> {
    const what = readyText(ready);
    const look = async (): Promise<boolean> => {
      if (this.exit !== undefined) return true;
      if ("line" in ready) return this.#log.find(ready.line) !== undefined;
      if ("port" in ready) return isListening(ready.port);
      return (await httpGet(ready.url)).status < 300;
    };
    try {
      await waitUntil(look, { timeoutMs, everyMs: 10, what });
    } catch (error) {
      throw this.#error(
        "TESTKIT_NOT_READY",
        `was not ready after ${timeoutMs} ms (${what})`,
        error,
      );
    }
    // A server that ends at once may have written its ready line; another one may hold its port.
    if (this.exit !== undefined) {
      throw this.#error("TESTKIT_EXITED", `${exitText(this.exit)} before it was ready (${what})`);
    }
  }

  log(): string {
    return this.#log.text();
  }

  logLines(): readonly LogLine[] {
    return this.#log.lines();
  }

  async waitForLine(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): boolean => {
      const match = this.#log.find(pattern);
      if (match !== undefined) resolve(match);
      return match !== undefined;
    };
    const stopListening = this.#log.onOutput(look);
    const timer = setTimeout(() => {
      reject(this.#error("TESTKIT_TIMEOUT", `wrote no line ${pattern} within ${timeoutMs} ms`));
    }, timeoutMs);
    const failAtExit = async (): Promise<void> => {
      const exit = await this.exited;
      if (!look()) {
        reject(this.#error("TESTKIT_EXITED", `${exitText(exit)} without a line ${pattern}`));
      }
    };
    void failAtExit();
    try {
      look();
      return await promise;
    } finally {
      clearTimeout(timer);
      stopListening();
    }
  }

  signal(signal: NodeJS.Signals): boolean {
    return !this.#isGone && signalGroup(this.pid, signal);
  }

  async stop(): Promise<StopResult> {
    return (this.#ending ??= this.#end(this.#options.stopSignal ?? "SIGTERM"));
  }

  async kill(): Promise<StopResult> {
    // Also ends a stop() that is still waiting politely.
    if (this.#ending !== undefined) this.signal("SIGKILL");
    return (this.#ending ??= this.#end("SIGKILL"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(signal: NodeJS.Signals): Promise<StopResult> {
    let killed: string[] = [];
    this.signal(signal);
    if (!(await this.#groupEnds(this.#options.stopTimeoutMs ?? 5000))) {
      killed = processesInGroup(this.pid).map(commandLine);
      this.signal("SIGKILL");
      if (!(await this.#groupEnds(5000))) {
        const left = processesInGroup(this.pid).map((pid) => `${pid} ${commandLine(pid)}`);
        throw this.#error("TESTKIT_STILL_RUNNING", `survived SIGKILL: ${left.join(", ")}`);
      }
    }
    this.#gone();
    return { ...(await this.exited), killed };
  }

  #gone(): void {
    this.#isGone = true;
    unguard(this.pid);
  }

  async #groupEnds(timeoutMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + timeoutMs;
    for (let pauseMs = 2; ; pauseMs = Math.min(50, pauseMs * 1.5)) {
      if (this.exit !== undefined && processesInGroup(this.pid).length === 0) return true;
      if (performance.now() >= deadlineMs) return false;
      // Bounded polling: the members of the group are not our children, nothing announces their end.
      await Promise.race([sleep(pauseMs), ...(this.exit === undefined ? [this.exited] : [])]);
    }
  }

  async #watchExit(): Promise<Exit> {
    if (this.#child.pid === undefined) return { code: null, signal: null };
    const closed = once(this.#child, "close");
    const exit = await new Promise<Exit>((resolve) =>
      this.#child.once("exit", (code, signal) => resolve({ code, signal })),
    );
    // The last output may arrive after the exit; a grandchild may hold the pipes open for ever.
    await Promise.race([closed, sleep(200)]);
    this.exit = exit;
    // Nothing left to end: the number may soon belong to somebody else.
    if (processesInGroup(this.pid).length === 0) this.#gone();
    return exit;
  }

  #error(code: TestkitError["code"], what: string, cause?: unknown): TestkitError {
    const command = [this.#options.command, ...(this.#options.args ?? [])].join(" ");
    return new TestkitError(
      code,
      `${this.name} ${what}\n  $ ${command}\n${this.#log.tail(shownLines)}`,
      cause === undefined ? {} : { cause },
    );
  }
}

function childEnvironment(added: ProcessOptions["env"]): NodeJS.ProcessEnv {
  // Set by the test runner for its own children: a Node started with it would report to that runner.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const merged = { ...inherited, ...added };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

function readyText(ready: Ready): string {
  if ("line" in ready) return `waiting for a line ${ready.line}`;
  if ("port" in ready) return `waiting for port ${ready.port}`;
  return `waiting for ${ready.url}`;
}

function exitText(exit: Exit): string {
  return exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
}
