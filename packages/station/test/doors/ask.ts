// One HTTP request as it is written, from an address of its own.

import { request } from "node:http";

/** The address of the hostile ones; the good client is at 127.0.0.1. */
export const HOSTILE = "127.0.0.2";

/** An answer. */
export interface Asked {
  readonly status: number;
  readonly text: string;
}

/** One request as it is written, from an address of its own. */
export function ask(
  url: string,
  options: {
    readonly method?: string;
    readonly body?: string | Uint8Array;
    readonly headers?: Readonly<Record<string, string>>;
    readonly localAddress?: string;
    /** As it stands, without being put in order. */
    readonly path?: string;
  } = {},
): Promise<Asked> {
  const { method = "GET", body, headers = {}, localAddress = "127.0.0.1", path } = options;
  const { hostname, port, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        hostname,
        port,
        path: path ?? pathname + search,
        method,
        headers,
        localAddress,
        agent: false,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (piece: string) => (text += piece));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      },
    );
    asking.on("error", reject);
    asking.end(body);
  });
}

export const json = { "content-type": "application/json" };

export function gaugeOf(name: string, asDouble: number): string {
  const gauge = { dataPoints: [{ timeUnixNano: `${Date.now()}000000`, asDouble }] };
  return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, gauge }] }] }] });
}
