// Metrics pushed to a Pushgateway: for jobs that are gone before anybody scrapes them.
//
//   push      PUT     takes the place of everything in the group
//   pushAdd   POST    takes the place of metrics with the same names
//   delete    DELETE  forgets the group
//
//   /metrics/job/nightly/instance/a          a group: the job and further labels
//   /metrics/job/nightly/path@base64/L3Zhcg  a value with a slash, or none (`=`), in URL-safe base64
//
// Source: https://github.com/prometheus/pushgateway#api

import { FlxError, isLegacyLabelName, TEXT_CONTENT_TYPE } from "@flx/model/write";
import { defaultRegistry } from "../default-registry.ts";
import { labelString, wireText } from "../label-values.ts";
import type { Registry } from "../registry.ts";

/** How a gateway is reached. */
export interface PushgatewayOptions {
  /** Default: the registry of the process. */
  readonly registry?: Registry;
  /** How long a push may take, in milliseconds (default 5,000). */
  readonly timeoutMs?: number;
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Which group of a gateway is meant. */
export interface PushGroup {
  readonly jobName: string;
  /** Further labels that name the group. */
  readonly groupings?: Readonly<Record<string, string | number>>;
  /** Ends a push early. */
  readonly signal?: AbortSignal;
}

/** How much of a refusal is repeated in the error. */
const MAX_REASON_BYTES = 300;

/** A Pushgateway, or what speaks like one. */
export class Pushgateway {
  readonly #url: URL;
  readonly #authorization: string | undefined;
  readonly #registry: Registry;
  readonly #timeoutMs: number;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * @param url its address; user and password in it become basic authentication
   * @throws {FlxError} `FLX_METRIC_PUSH` when the URL is none of http or https
   */
  constructor(url: string, options: PushgatewayOptions = {}) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
      // The URL may hold a password, so it is not repeated.
      throw new FlxError(
        "FLX_METRIC_PUSH",
        "the address of a Pushgateway starts with http:// or https://",
      );
    }
    this.#authorization = basicAuthorization(parsed);
    parsed.username = "";
    parsed.password = "";
    this.#url = parsed;
    this.#registry = options.registry ?? defaultRegistry;
    this.#timeoutMs = options.timeoutMs ?? 5_000;
    this.#headers = options.headers ?? {};
  }

  /** Replaces all metrics of the group. @throws {FlxError} `FLX_METRIC_PUSH` when the gateway did not take them */
  async push(group: PushGroup): Promise<void> {
    await this.#send("PUT", group);
  }

  /** Replaces the metrics with the same names. @throws {FlxError} `FLX_METRIC_PUSH` as `push` */
  async pushAdd(group: PushGroup): Promise<void> {
    await this.#send("POST", group);
  }

  /** Forgets the group. @throws {FlxError} `FLX_METRIC_PUSH` as `push` */
  async delete(group: PushGroup): Promise<void> {
    await this.#send("DELETE", group);
  }

  async #send(method: "PUT" | "POST" | "DELETE", group: PushGroup): Promise<void> {
    const url = new URL(this.#url);
    url.pathname = url.pathname.replace(/\/$/, "") + groupPath(group);
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const signal = group.signal === undefined ? timeout : AbortSignal.any([group.signal, timeout]);
    try {
      const body = method === "DELETE" ? [] : await this.#body(signal);
      const { status, text } = await this.#request(url, method, body, signal);
      if (status < 200 || status > 299) throw new Error(`it answered ${status}: ${text}`);
    } catch (cause) {
      const reason = timeout.aborted
        ? `no answer within ${this.#timeoutMs} ms`
        : (cause as Error).message;
      throw new FlxError("FLX_METRIC_PUSH", `${method} ${url.href} failed: ${reason}`, { cause });
    }
  }

  async #body(signal: AbortSignal): Promise<readonly Uint8Array[]> {
    const collectTimeoutMs = this.#timeoutMs / 2;
    return this.#registry.expose({ escaping: "underscores", collectTimeoutMs, signal });
  }

  async #request(
    url: URL,
    method: string,
    body: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    // No import: that of node:http loads the WebSocket client with it, 14 MB.
    const { request } = process.getBuiltinModule(
      url.protocol === "https:" ? "node:https" : "node:http",
    );
    const length = body.reduce((sum, chunk) => sum + chunk.length, 0);
    const headers = {
      ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
      ...this.#headers,
      ...(method === "DELETE" ? {} : { "content-type": TEXT_CONTENT_TYPE }),
      "content-length": length,
    };
    return new Promise((resolve, reject) => {
      // No agent: a job that pushes ends right after.
      const sent = request(url, { method, headers, signal, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          if (bytes < MAX_REASON_BYTES) chunks.push(chunk);
          bytes += chunk.length;
        });
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).subarray(0, MAX_REASON_BYTES).toString().trim();
          resolve({ status: response.statusCode ?? 0, text });
        });
      });
      sent.on("error", reject);
      for (const chunk of body) sent.write(chunk);
      sent.end();
    });
  }
}

/**
 * The path of a group.
 *
 * @throws {FlxError} `FLX_METRIC_PUSH` when the job has no name, or a label is none
 */
export function groupPath({ jobName, groupings = {} }: PushGroup): string {
  if (jobName === "") throw new FlxError("FLX_METRIC_PUSH", "a pushed group needs a jobName");
  let path = `/metrics/${pathLabel("job", jobName)}`;
  for (const [name, value] of Object.entries(groupings)) {
    const text = labelString(value);
    if (text === undefined || !isLegacyLabelName(name) || name === "job") {
      throw new FlxError(
        "FLX_METRIC_PUSH",
        `grouping label ${JSON.stringify(name)} has no text, or is no name for one`,
      );
    }
    path += `/${pathLabel(name, text)}`;
  }
  return path;
}

function pathLabel(name: string, value: string): string {
  const text = wireText(value);
  if (text === "") return `${name}@base64/=`;
  // "." and ".." would be taken for steps in the path.
  if (!text.includes("/") && text !== "." && text !== "..") {
    return `${name}/${encodeURIComponent(text)}`;
  }
  return `${name}@base64/${Buffer.from(text).toString("base64url")}`;
}

function basicAuthorization({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const pair = `${decoded(username)}:${decoded(password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

/** Percent-encoded text; what is not encoded rightly is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
