// Real HTTP to the gateway over kept-alive connections.

import { Agent, request } from "node:http";
import type { Visit } from "./visits.ts";

export type Answer = {
  readonly status: number;
  readonly text: string;
  readonly durationMs: number;
};

const timeoutMs = 10_000;

/** Sends visits to one gateway. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #host: string;
  readonly #port: number;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** Sends one request and reads the whole answer; throws when the gateway cannot be reached. */
  send({ method, path, body }: Visit): Promise<Answer> {
    const startedMs = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: this.#host,
          port: this.#port,
          agent: this.#agent,
          method,
          path,
          timeout: timeoutMs,
          headers: body === undefined ? {} : { "content-type": "application/json" },
        },
        (incoming) => {
          let text = "";
          incoming.setEncoding("utf8");
          incoming.on("data", (chunk: string) => {
            text += chunk;
          });
          incoming.on("error", reject);
          incoming.on("end", () => {
            const durationMs = performance.now() - startedMs;
            resolve({ status: incoming.statusCode ?? 0, text, durationMs });
          });
        },
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
