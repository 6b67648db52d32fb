// One HTTP request of a check, with bounds: a connection of its own, a limited answer, few redirects, all until the
// signal is aborted.
//
// No connection is kept: a check shall see whether one can be made. Redirects are followed only on request, and
// credentials go with them only within the same origin.

import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { CheckContext } from "../health-check.ts";
import { CheckError, socketError } from "./check-error.ts";
import type { Endpoint } from "./endpoint.ts";
import { deadlineError } from "./socket-talk.ts";

/** A request. */
export interface HttpQuestion {
  readonly endpoint: Endpoint;
  /** Path and query. */
  readonly target: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Bytes of the answer's body to read; what is longer is cut, and the connection closed. */
  readonly maxBodyBytes: number;
  readonly maxRedirects: number;
}

/** An answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** Whether there was more than `maxBodyBytes`. */
  readonly isCut: boolean;
}

/** Asks, and follows redirects as far as allowed. */
export async function exchange(question: HttpQuestion, context: CheckContext): Promise<HttpAnswer> {
  let [now, left] = [question, question.maxRedirects];
  for (;;) {
    const answer = await once(now, context);
    const { location } = answer.headers;
    const isRedirect = [301, 302, 303, 307, 308].includes(answer.status);
    if (!isRedirect || location === undefined || question.maxRedirects === 0) return answer;
    if (left-- === 0) {
      const text = `${question.endpoint.at} redirects more than ${question.maxRedirects} times`;
      throw new CheckError("FLX_CHECK_LIMIT", text);
    }
    now = redirected(now, location, answer.status);
  }
}

function redirected(question: HttpQuestion, location: string, status: number): HttpQuestion {
  const { endpoint } = question;
  const base = `${endpoint.tls === undefined ? "http" : "https"}://${endpoint.at}${question.target}`;
  const from = endpoint.path === undefined ? base : `http://localhost${question.target}`;
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (to === undefined || (to.protocol !== "http:" && to.protocol !== "https:")) {
    throw new CheckError("FLX_CHECK_PROTOCOL", `${endpoint.at} redirects to no HTTP address`);
  }
  const isSame = to.origin === new URL(from).origin;
  const isSecure = to.protocol === "https:";
  const host = to.hostname.replace(/^\[(.*)\]$/, "$1");
  const kept = isSame || question.method === "GET" ? question.headers : {};
  const target: Endpoint = isSame
    ? endpoint
    : {
        ...endpoint,
        host,
        port: Number(to.port || (isSecure ? 443 : 80)),
        path: undefined,
        // Authorities go along, a client certificate does not.
        tls: isSecure ? (endpoint.tls?.ca === undefined ? {} : { ca: endpoint.tls.ca }) : undefined,
        at: to.host,
      };
  const { body: _, ...bare } = question;
  const next = status === 307 || status === 308 ? question : { ...bare, method: "GET" };
  const headers = isSame ? kept : withoutCredentials(kept);
  return { ...next, endpoint: target, target: to.pathname + to.search, headers };
}

/** Only what says nothing about us goes to another origin. */
function withoutCredentials(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const harmless = new Set(["accept", "accept-language", "user-agent"]);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => harmless.has(name.toLowerCase())),
  );
}

async function once(question: HttpQuestion, context: CheckContext): Promise<HttpAnswer> {
  const { endpoint, body } = question;
  const { request: plain } = await import("node:http");
  const { signal } = context;
  if (signal.aborted) throw deadlineError(endpoint.at, "a connection", context);
  const options = optionsOf(question);
  const request =
    endpoint.tls === undefined
      ? plain(options)
      : (await import("node:https")).request({ ...options, ...endpoint.tls });
  const abort = (): void => {
    request.destroy(deadlineError(endpoint.at, "an answer", context));
  };
  signal.addEventListener("abort", abort);
  // It may have come while node:https was loaded.
  if (signal.aborted) abort();
  try {
    return await answerTo(request, body, question.maxBodyBytes);
  } catch (error) {
    throw socketError(error, endpoint.at, "an answer");
  } finally {
    signal.removeEventListener("abort", abort);
    request.destroy();
  }
}

function optionsOf({ endpoint, target, method, headers, body }: HttpQuestion): RequestOptions {
  const { host, port, path } = endpoint;
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const isUsualPort = port === (endpoint.tls === undefined ? 80 : 443);
  return {
    ...(path === undefined ? { host, port } : { socketPath: path }),
    path: target,
    method,
    agent: false,
    setHost: false,
    headers: {
      host:
        path !== undefined
          ? "localhost"
          : isUsualPort
            ? endpoint.at.replace(/:\d+$/, "")
            : endpoint.at,
      "user-agent": "flx-health",
      connection: "close",
      ...length,
      ...headers,
    },
  };
}

async function answerTo(
  request: ClientRequest,
  body: Uint8Array | string | undefined,
  maxBodyBytes: number,
): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.on("error", reject);
  request.once("response", resolve);
  // An answer that switches protocols or tunnels has no body for us.
  request.once("upgrade", (message, socket) => {
    socket.destroy();
    resolve(message);
  });
  request.end(body);
  const response = await promise;
  const { statusCode: status = 0, headers } = response;
  const chunks: Buffer[] = [];
  let size = 0;
  if (maxBodyBytes > 0) {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBodyBytes) break;
    }
  }
  const whole = Buffer.concat(chunks).subarray(0, maxBodyBytes);
  return { status, headers, body: whole, isCut: size > maxBodyBytes };
}
