// The control API of a running shop, on loopback only.
//
//   GET  /status                          processes, ports, faults that are on
//   GET  /faults                          every fault with what it does and whether it is on
//   POST /faults/NAME {"on": true}        switch it; "forSeconds": 30 switches it off again by itself
//   POST /stop                            stop the shop
//
// It has no password: whoever may run programs here may break the shop. Web pages may not: a request with a foreign
// Host or Origin (a page in a browser that guesses the port) is refused.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { faults, findFault, type Fault } from "../faults/catalogue.ts";
import { nearest } from "../nearest.ts";
import { host } from "../settings.ts";
import type { FaultStatus } from "./fault-board.ts";

/** What the API needs from the supervisor. */
export type Controls = {
  status(): object;
  faults(): FaultStatus[];
  /** Gives the reason when the fault cannot be switched. */
  switchFault(fault: Fault, on: boolean, forMs: number | undefined): string | undefined;
  stop(): void;
};

type Reply = { readonly status: number; readonly body: object };

const mostBodyBytes = 10_000;

/** Listens on `port` of loopback. */
export async function startControlApi(port: number, controls: Controls): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request, controls)
      .catch((error: unknown) => problem(400, (error as Error).message))
      .then((reply) => send(response, reply))
      .catch(() => response.destroy());
  });
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

async function answer(request: IncomingMessage, controls: Controls): Promise<Reply> {
  if (!isLocal(request)) return problem(403, "the control API answers only to this machine");
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  const faultName = /^\/faults\/([^/]+)$/.exec(path)?.[1];
  if (request.method === "GET" && path === "/status") return ok(controls.status());
  if (request.method === "GET" && path === "/faults") return ok({ faults: controls.faults() });
  if (request.method === "POST" && faultName !== undefined) {
    return switchFault(faultName, await readBody(request), controls);
  }
  if (request.method === "POST" && path === "/stop") {
    setImmediate(() => controls.stop());
    return { status: 202, body: { stopping: true } };
  }
  return problem(404, "there are GET /status, GET /faults, POST /faults/NAME and POST /stop");
}

function switchFault(name: string, body: unknown, controls: Controls): Reply {
  const fault = findFault(name);
  if (fault === undefined) {
    const known = faults.map((each) => each.name);
    const hint = nearest(name, known);
    const meant = hint === undefined ? `there are ${known.join(", ")}` : `did you mean "${hint}"?`;
    return problem(404, `there is no fault "${name}"; ${meant}`);
  }
  const { on, forSeconds } = (body ?? {}) as { on?: unknown; forSeconds?: unknown };
  if (typeof on !== "boolean")
    return problem(400, 'the body must be {"on": true} or {"on": false}');
  if (
    forSeconds !== undefined &&
    !(typeof forSeconds === "number" && forSeconds > 0 && forSeconds <= 86_400)
  ) {
    return problem(400, '"forSeconds" must be a number above 0, at most 86400');
  }
  const refused = controls.switchFault(
    fault,
    on,
    forSeconds === undefined ? undefined : forSeconds * 1000,
  );
  if (refused !== undefined) return problem(409, refused);
  return ok(controls.faults().find((each) => each.name === fault.name) ?? {});
}

function isLocal({ headers }: IncomingMessage): boolean {
  const local = (address: string): boolean =>
    /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(address);
  const { host: asked = "", origin } = headers;
  return local(asked) && (origin === undefined || local(origin.replace(/^https?:\/\//, "")));
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk as string;
    if (text.length > mostBodyBytes) throw new Error("the body is too long");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('the body must be JSON: {"on": true}');
  }
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(`${JSON.stringify(body, undefined, 2)}\n`);
}

const ok = (body: object): Reply => ({ status: 200, body });
const problem = (status: number, message: string): Reply => ({
  status,
  body: { error: { message } },
});
