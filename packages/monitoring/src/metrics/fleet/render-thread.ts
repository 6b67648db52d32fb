// The thread that serves metrics: it gathers what all threads share, renders it, and owns the listening socket, so that a
// scrape takes nothing from the event loop of the service. It is started by render-server.ts.
//
//   scraper ──> /metrics          gathered and rendered here
//   probe   ──> /livez ...        handed on to the main thread, over a socket in a folder of its own

import { request as send, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { parentPort, workerData } from "node:worker_threads";
import { FlxError } from "@flx/model/write";
import { type AdminHandler, type AdminServer, startAdminServer } from "../http/admin-server.ts";
import { FleetRegistry } from "./fleet-registry.ts";
import type { RenderOrder, RenderReport, RenderSettings } from "./render-protocol.ts";
import { ThreadMembers } from "./thread-members.ts";

/** How long the main thread may take to answer a request that is handed on. */
const HANDED_ON_TIMEOUT_MS = 30_000;

const settings = workerData as RenderSettings;

function report(message: RenderReport): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(message);
}

/** Hands a request on to the main thread. */
async function handOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "GET", url = "/", headers } = request;
  const { socketPath } = settings;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = send({ socketPath, method, path: url, headers, timeout: HANDED_ON_TIMEOUT_MS });
  asked.once("response", resolve).once("error", reject);
  asked.once("timeout", () => asked.destroy(new Error("the main thread does not answer")));
  await pipeline(request, asked);
  const answer = await promise;
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  await pipeline(answer, response);
}

const handler: AdminHandler = async (request, response) => {
  try {
    await handOn(request, response);
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    report({ kind: "error", error });
    response.writeHead(503, {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
    });
    response.end("the service does not answer\n");
  }
};

async function obey(server: AdminServer, order: RenderOrder): Promise<void> {
  if (order.kind === "route") {
    server.route(order.path, handler);
    return;
  }
  await server.close(order.graceMs);
  report({ kind: "closed" });
  parentPort?.close();
}

async function serve(): Promise<void> {
  const { port, host, maxConnections, maxUrlLength, createdSeries } = settings;
  const registry = new FleetRegistry({ createdSeries });
  registry.addSource(new ThreadMembers(registry));
  try {
    const server = await startAdminServer({
      port,
      registry,
      handlers: Object.fromEntries(settings.paths.map((path) => [path, handler])),
      ...(host === undefined ? {} : { host }),
      ...(maxConnections === undefined ? {} : { maxConnections }),
      ...(maxUrlLength === undefined ? {} : { maxUrlLength }),
      onError: (error) => report({ kind: "error", error }),
    });
    parentPort?.on("message", (order: RenderOrder) => void obey(server, order));
    report({ kind: "listening", port: server.port, host: server.host, url: server.url });
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    report({ kind: "refused", message: error.message });
  }
}

await serve();
