// A real shop for a test: every process of it, on free ports, with a data folder of its own.

import { execFile } from "node:child_process";
import { join } from "node:path";
import {
  startProcess,
  temporaryFolder,
  type RunningProcess,
  type TemporaryFolder,
} from "@flx/testkit";
import type { FaultName } from "../src/faults/catalogue.ts";
import type { Order } from "../src/orders/messages.ts";
import type { ChildStatus } from "../src/supervisor/child.ts";
import type { Ports } from "../src/supervisor/ports.ts";
import type { ShopStatus } from "../src/supervisor/supervisor.ts";

const program = join(import.meta.dirname, "../src/main.ts");

/** The arguments of Node that are the `shop` command. */
export const shopCommand: readonly string[] = ["--conditions=@flx/source", program];

export type Answer<T> = { readonly status: number; readonly body: T };
export type Problem = { readonly error: { readonly code: string; readonly message: string } };
export type CommandResult = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** What a test says to get a shop that is not the usual one. */
export type ShopChoices = {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

/** A shop that is open. */
export class OpenShop implements AsyncDisposable {
  readonly process: RunningProcess;
  readonly folder: TemporaryFolder;
  readonly ports: Ports;

  constructor(process: RunningProcess, folder: TemporaryFolder, ports: Ports) {
    this.process = process;
    this.folder = folder;
    this.ports = ports;
  }

  /** Asks the gateway. */
  async ask<T>(
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    return send<T>(`http://127.0.0.1:${this.ports.gateway}${path}`, body, headers);
  }

  /** Places an order of one thing. */
  place(
    order: { sku?: string; country?: string; card?: string } = {},
  ): Promise<Answer<Order & Problem>> {
    const { sku = "tea-sencha-100", country = "DE", card = "4242424242424242" } = order;
    return this.ask("/orders", {
      customerId: "cus_0001",
      country,
      card,
      lines: [{ sku, quantity: 1 }],
    });
  }

  status(): Promise<ShopStatus> {
    return this.#control<ShopStatus>("/status");
  }

  async processStatus(name: string): Promise<ChildStatus> {
    const found = (await this.status()).processes.find((child) => child.name === name);
    if (found === undefined) throw new Error(`the shop has no process ${name}`);
    return found;
  }

  switchFault(name: FaultName, on: boolean): Promise<unknown> {
    return this.#control(`/faults/${name}`, { on });
  }

  /** Runs a command of the shop on the data folder of this one. */
  command(...words: string[]): Promise<CommandResult> {
    return runCommand(...words, "--data", this.folder.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
    await this.folder.remove();
  }

  async #control<T>(path: string, body?: unknown): Promise<T> {
    const answer = await send<T>(`http://127.0.0.1:${this.ports.control}${path}`, body, {});
    if (answer.status !== 200)
      throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

/** Starts a shop and waits until it is open; without traffic unless `args` say otherwise. */
export async function openShop({
  args = ["--traffic", "none"],
  env = {},
}: ShopChoices = {}): Promise<OpenShop> {
  const folder = await temporaryFolder("shop");
  try {
    const process = await startShopProcess(folder.path, args, env);
    const { stdout } = await runCommand("status", "--json", "--data", folder.path);
    return new OpenShop(process, folder, (JSON.parse(stdout) as ShopStatus).ports);
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

/** The process of `shop up` on free ports, ready when the shop is open. */
export function startShopProcess(
  dataFolder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningProcess> {
  return startProcess({
    name: "shop",
    command: process.execPath,
    args: [...shopCommand, "up", "--port", "0", "--data", dataFolder, ...args],
    env,
    ready: { line: /The shop is open\./ },
    readyTimeoutMs: 120_000,
  });
}

/** Runs `shop WORDS` to its end. */
export function runCommand(...words: string[]): Promise<CommandResult> {
  return runCommandWith({}, ...words);
}

/** Runs `shop WORDS` to its end with some more environment. */
export function runCommandWith(
  env: Readonly<Record<string, string>>,
  ...words: string[]
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const done = execFile(
      process.execPath,
      [...shopCommand, ...words],
      { timeout: 30_000, env: { ...process.env, ...env } },
      (_, stdout, stderr) => {
        resolve({ code: done.exitCode ?? -1, stdout, stderr });
      },
    );
  });
}

async function send<T>(
  url: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer<T>> {
  const post = {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  };
  const response = await fetch(url, body === undefined ? { headers } : post);
  return { status: response.status, body: (await response.json()) as T };
}
