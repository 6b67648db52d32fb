// An admin server whose scrapes are answered by a thread of their own (render-thread.ts): the main thread's part.
//
//   main thread                                   serving thread
//   ───────────                                   ──────────────
//   shareMetrics(): counts in shared memory  ──>  reads it, renders it, listens on the port
//   callbacks, when it is asked              <──
//   /livez ...: its handlers, over a socket  <──  everything but /metrics
//
// The thread is started again when it has ended unasked, on the same port; what threads that had ended before had counted is
// lost then, and nothing else. Neither the thread nor the socket keeps the process alive.

import type { Server } from "node:http";
import { FlxError } from "@flx/model/write";
import type { AdminHandler, AdminServer, AdminServerOptions } from "../http/admin-server.ts";
import { pathOf } from "../http/mount.ts";
import type { RenderOrder, RenderReport, RenderSettings } from "./render-protocol.ts";
import { shareMetrics } from "./share-metrics.ts";

const { Worker } = process.getBuiltinModule("node:worker_threads");
type RenderWorker = InstanceType<typeof Worker>;

/** How long to wait before the thread is started again. */
const RESTART_MS = 1_000;

/** What the main thread needs of a server that listens. */
type Listening = Extract<RenderReport, { kind: "listening" }>;

/**
 * Starts an admin server in a thread of its own.
 *
 * @throws {FlxError} `FLX_ADMIN_LISTEN` when the port is taken or the address is none of this machine
 */
export async function startRenderServer(
  options: AdminServerOptions,
  port: number,
): Promise<AdminServer> {
  const shared = shareMetrics(options.registry === undefined ? {} : { registry: options.registry });
  const server = new RenderServer(options, port, shared);
  try {
    await server.start();
  } catch (error) {
    shared.close();
    await server.release();
    throw error;
  }
  return server;
}

class RenderServer implements AdminServer {
  host = "";
  url = "";
  port: number;
  readonly #options: AdminServerOptions;
  readonly #shared: Disposable;
  readonly #routes = new Map<string, AdminHandler>();
  #socket: HandlerSocket | undefined;
  #worker: RenderWorker | undefined;
  #closing: Promise<void> | undefined;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: AdminServerOptions, port: number, shared: Disposable) {
    this.#options = options;
    this.port = port;
    this.#shared = shared;
    for (const [path, handler] of Object.entries(options.handlers ?? {})) {
      this.#routes.set(path, handler);
    }
  }

  async start(): Promise<void> {
    this.#socket = await HandlerSocket.open(this.#routes, this.#options.onError);
    await this.#startThread();
  }

  route(path: string, handler: AdminHandler): void {
    const isNew = !this.#routes.has(path);
    this.#routes.set(path, handler);
    if (isNew) this.#order({ kind: "route", path });
  }

  close(graceMs = 1_000): Promise<void> {
    return (this.#closing ??= this.#close(graceMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Gives up what `start` has opened. */
  async release(): Promise<void> {
    await this.#socket?.close();
  }

  async #startThread(): Promise<void> {
    const { host, maxConnections, maxUrlLength, registry } = this.#options;
    const worker = newThread({
      port: this.port,
      host,
      maxConnections,
      maxUrlLength,
      createdSeries: registry?.createdSeries ?? false,
      paths: [...this.#routes.keys()],
      socketPath: this.#socket?.path ?? "",
    });
    this.#worker = worker;
    worker.unref();
    const { port, host: listening, url } = await this.#listening(worker);
    this.port = port;
    this.host = listening;
    this.url = url;
  }

  #listening(worker: RenderWorker): Promise<Listening> {
    // While it starts it holds the process, as any `await` of a listening socket does.
    worker.ref();
    return new Promise((resolve, reject) => {
      let isListening = false;
      worker.on("message", (message: RenderReport) => {
        if (message.kind === "listening") {
          isListening = true;
          worker.unref();
          resolve(message);
        } else if (message.kind === "refused") {
          reject(new FlxError("FLX_ADMIN_LISTEN", message.message));
        } else if (message.kind === "error") {
          this.#options.onError?.(message.error);
        }
      });
      worker.on("error", (error) => {
        this.#options.onError?.(error);
        reject(error as Error);
      });
      worker.once("exit", () => {
        reject(new FlxError("FLX_ADMIN_LISTEN", "the serving thread ended while it was starting"));
        if (isListening && this.#closing === undefined) this.#startAgain();
      });
    });
  }

  #startAgain(): void {
    this.#restart = setTimeout(() => {
      this.#startThread().catch((error: unknown) => {
        this.#options.onError?.(error);
        if (this.#closing === undefined) this.#startAgain();
      });
    }, RESTART_MS);
    this.#restart.unref();
  }

  async #close(graceMs: number): Promise<void> {
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker !== undefined && worker.threadId > 0) {
      worker.ref();
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      this.#order({ kind: "close", graceMs });
      const timer = setTimeout(() => void worker.terminate(), graceMs + 1_000);
      await ended;
      clearTimeout(timer);
    }
    this.#shared[Symbol.dispose]();
    await this.#socket?.close();
  }

  #order(order: RenderOrder): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker?.postMessage(order);
  }
}

/** The thread: built, its file is .js; from the sources, .ts. Bundlers look for the first form. */
function newThread(settings: RenderSettings): RenderWorker {
  const options = { workerData: settings, name: "flx-metrics", execArgv: ownConditions() };
  return import.meta.url.endsWith(".ts")
    ? new Worker(
        new URL(import.meta.url.replace(/render-server\.ts$/, "render-thread.ts")),
        options,
      )
    : new Worker(new URL("./render-thread.js", import.meta.url), options);
}

/** What of the process' own options the thread needs: what `--import` and the like load is not for it. */
function ownConditions(): string[] {
  return process.execArgv.filter((argument, i, all) => {
    const isValue = all[i - 1] === "-C" || all[i - 1] === "--conditions";
    return isValue || argument === "-C" || argument.startsWith("--conditions");
  });
}

/** Where the main thread answers what the serving thread hands on: a socket in a folder that only this user may enter. */
class HandlerSocket {
  readonly path: string;
  readonly #server: Server;
  readonly #folder: string;

  private constructor(server: Server, folder: string, path: string) {
    this.#server = server;
    this.#folder = folder;
    this.path = path;
  }

  static async open(
    routes: ReadonlyMap<string, AdminHandler>,
    onError: AdminServerOptions["onError"],
  ): Promise<HandlerSocket> {
    const { createServer } = await import("node:http");
    const { mkdtemp } = await import("node:fs/promises");
    const { tmpdir } = await import("node:os");
    const { sep } = await import("node:path");
    const folder = await mkdtemp(`${tmpdir()}${sep}flx-admin-`);
    const path =
      process.platform === "win32" ? `\\\\.\\pipe\\${folder}` : `${folder}${sep}handlers`;
    const server = createServer((request, response) => {
      const handler = routes.get(pathOf(request.url ?? "/"));
      const answered = Promise.resolve().then(() => handler?.(request, response));
      void answered.catch((error: unknown) => {
        onError?.(error);
        if (response.headersSent) response.destroy();
        else
          response
            .writeHead(500, { "content-type": "text/plain; charset=utf-8" })
            .end("internal error\n");
      });
    });
    server.on("connection", (socket) => socket.unref());
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(path, resolve);
    });
    server.unref();
    return new HandlerSocket(server, folder, path);
  }

  async close(): Promise<void> {
    const { rm } = await import("node:fs/promises");
    this.#server.close();
    this.#server.closeAllConnections();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
