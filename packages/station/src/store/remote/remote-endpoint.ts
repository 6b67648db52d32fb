// An HTTP server that the station calls: one request at a time each, bounded in time and size, over kept connections.
//
// Redirects are not followed: a write that is sent elsewhere, with credentials, is for people to decide.

import { Agent as HttpAgent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { FlxError } from "@flx/model";
import {
  credentialHeaders,
  type HttpAccessSource,
  openRequest,
  readAll,
} from "../../base/http-call.ts";

/** What is sent. */
export interface RemoteRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly timeoutMs: number;
  /** Of the answer, after decompression. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came back, whatever its status. */
export interface RemoteAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Calls one server. */
export class RemoteEndpoint implements Disposable {
  readonly #access: HttpAccessSource;
  readonly #agents = {
    "http:": new HttpAgent({ keepAlive: true }),
    "https:": new HttpsAgent({ keepAlive: true }),
  };

  constructor(access: HttpAccessSource) {
    this.#access = access;
  }

  /**
   * Calls it.
   *
   * @throws {FlxError} `FLX_REMOTE_UNREACHABLE` without an answer, `FLX_REMOTE_TIMEOUT`, `FLX_REMOTE_ANSWER_LIMIT`,
   *   `FLX_REMOTE_ABORTED` by the signal, `FLX_CONFIG_SECRET` when credentials cannot be read
   */
  async call(request: RemoteRequest): Promise<RemoteAnswer> {
    const { url, timeoutMs, maxBytes, signal } = request;
    const timeout = AbortSignal.timeout(timeoutMs);
    const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
    try {
      const response = await this.#send(request, either);
      const body = await readAll(response, maxBytes, () => tooLarge(url, maxBytes));
      return { status: response.statusCode ?? 0, headers: response.headers, body };
    } catch (cause) {
      if (cause instanceof FlxError) throw cause;
      if (signal?.aborted === true) {
        throw new FlxError("FLX_REMOTE_ABORTED", "nobody waits any more", { cause });
      }
      if (timeout.aborted) {
        throw new FlxError(
          "FLX_REMOTE_TIMEOUT",
          `${url.host} did not answer within ${timeoutMs} ms`,
          { cause },
        );
      }
      const { code = "", message } = cause as NodeJS.ErrnoException;
      throw new FlxError("FLX_REMOTE_UNREACHABLE", `${url.host}: ${code === "" ? message : code}`, {
        cause,
      });
    }
  }

  async #send(request: RemoteRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const access = await this.#access.access();
    const { method, url, headers, body } = request;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sending = openRequest(url, access, {
      method,
      agent: this.#agents[url.protocol === "https:" ? "https:" : "http:"],
      signal,
      headers: {
        "User-Agent": "flx-station",
        "Accept-Encoding": "gzip",
        ...(body !== undefined && { "Content-Length": Buffer.byteLength(body) }),
        ...headers,
        ...credentialHeaders(access),
      },
    });
    sending.on("response", resolve);
    sending.on("error", reject);
    sending.end(body);
    return await promise;
  }

  [Symbol.dispose](): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

function tooLarge({ host }: URL, maxBytes: number): FlxError {
  return new FlxError(
    "FLX_REMOTE_ANSWER_LIMIT",
    `the answer of ${host} is larger than ${maxBytes} bytes`,
  );
}
