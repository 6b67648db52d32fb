// Pushing a registry to a Pushgateway, for jobs that end before anybody scrapes them.
//
//   POST   <url>/metrics/job/<job>/<label>/<value>...     pushAdd: replaces metrics of the same name
//   PUT    the same                                       push: replaces the whole group
//   DELETE the same                                       delete
//
// A label value with a slash, or an empty one, is sent as <label>@base64/<value>, which the gateway understands; an
// encoded slash is refused or misread by many proxies.

import type { IncomingMessage, RequestOptions } from "node:http";
import { globalRegistry, Registry } from "./registry.ts";

/** Options of the request, and whether a job name is needed. */
export interface PushgatewayOptions {
  readonly requireJobName?: boolean;
  readonly [option: string]: unknown;
}

/** What is pushed where. */
export interface PushParameters {
  readonly jobName?: string;
  readonly groupings?: Readonly<Record<string, string>>;
}

/** The gateway's answer. */
export interface PushResult {
  readonly resp: IncomingMessage;
  readonly body: string;
}

/** A Pushgateway. */
export class Pushgateway {
  readonly registry: Registry;
  readonly gatewayUrl: string;
  readonly requireJobName: boolean;
  readonly requestOptions: RequestOptions;

  constructor(
    gatewayUrl: string,
    options?: PushgatewayOptions | Registry | null,
    registry: Registry = globalRegistry,
  ) {
    const own = options instanceof Registry ? {} : (options ?? {});
    const { requireJobName = true, ...requestOptions } = own;
    this.registry = options instanceof Registry ? options : registry;
    this.gatewayUrl = gatewayUrl;
    this.requireJobName = requireJobName;
    this.requestOptions = requestOptions;
  }

  /** Adds metrics to the group; those of the same name are replaced. Rejects when the gateway answers 400 or above. */
  pushAdd(params: PushParameters = {}): Promise<PushResult> {
    return this.#send("POST", params);
  }

  /** Replaces the group. */
  push(params: PushParameters = {}): Promise<PushResult> {
    return this.#send("PUT", params);
  }

  /** Deletes the group. */
  delete(params: PushParameters = {}): Promise<PushResult> {
    return this.#send("DELETE", params);
  }

  #send(method: string, params: PushParameters): Promise<PushResult> {
    if (this.requireJobName && !params.jobName) throw new Error("Missing jobName parameter");
    return this.#sendTo(groupUrl(this.gatewayUrl, params), method);
  }

  async #sendTo(url: URL, method: string): Promise<PushResult> {
    const headers = { ...(this.requestOptions.headers as Record<string, string> | undefined) };
    const gzip = headers["Content-Encoding"] === "gzip";
    if (method === "DELETE") delete headers["Content-Encoding"];
    const body = method === "DELETE" ? undefined : await this.registry.metrics();
    // Loaded with the first push, and not by import: that of node:http loads the WebSocket client with it, 14 MB.
    const { request } = process.getBuiltinModule(
      url.protocol === "https:" ? "node:https" : "node:http",
    );
    const { gzipSync } = process.getBuiltinModule("node:zlib");
    return new Promise((resolve, reject) => {
      const sent = request(url, { ...this.requestOptions, headers, method }, (resp) => {
        resolve(accepted(resp));
      });
      sent.on("error", reject);
      sent.on("timeout", () => sent.destroy(new Error("Pushgateway request timed out")));
      sent.end(body !== undefined && gzip ? gzipSync(body) : body);
    });
  }
}

async function accepted(resp: IncomingMessage): Promise<PushResult> {
  resp.setEncoding("utf8");
  let body = "";
  for await (const chunk of resp) body += chunk as string;
  if (resp.statusCode! < 400) return { resp, body };
  throw new Error(`push failed with status ${resp.statusCode}, ${body}`);
}

function groupUrl(gatewayUrl: string, { jobName, groupings = {} }: PushParameters): URL {
  const url = new URL(gatewayUrl);
  const base = url.pathname === "/" ? "" : url.pathname;
  const group = jobName
    ? [["job", jobName] as const, ...Object.entries(groupings)].map(pathOfLabel).join("")
    : "";
  url.pathname = `${base}/metrics${group}`;
  return url;
}

function pathOfLabel([name, value]: readonly [string, unknown]): string {
  const text = String(value);
  if (text !== "" && !text.includes("/")) {
    return `/${encodeURIComponent(name)}/${encodeURIComponent(text)}`;
  }
  return `/${encodeURIComponent(name)}@base64/${Buffer.from(text).toString("base64url") || "="}`;
}
