// HTTP: a request is answered as it should.

import type { CheckContext, CheckResult, HealthCheck } from "../health-check.ts";
import { CheckError, optionsError } from "./check-error.ts";
import { type Endpoint, endpointOf, type LoginOptions, secretValue } from "./endpoint.ts";
import { exchange, type HttpAnswer, type HttpQuestion } from "./http-exchange.ts";
import { timed } from "./server-check.ts";
import { Secrets, shown } from "./server-text.ts";

/** Which address, and what it must answer. */
export interface HttpOptions extends LoginOptions {
  /** `http://host/path` or `https://host/path`. With `path` (a unix socket) the host is not used. */
  readonly url: string;
  /** Default "GET". */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** What is healthy: statuses, or ranges as "2xx" and "200-204". Default "2xx". */
  readonly status?: number | string | readonly (number | string)[];
  /** Statuses that are degraded, in the same way. Default none. */
  readonly degradedStatus?: number | string | readonly (number | string)[];
  /** Must be in the body. An expression is given hostile text: keep it simple. */
  readonly match?: string | RegExp | ((body: string) => boolean);
  /** How much of the body is read for `match`. Default 64 KiB. */
  readonly maxBodyBytes?: number;
  /** Redirects to follow. Default 0: a login page instead of an answer is not healthy. */
  readonly maxRedirects?: number;
}

/**
 * A check of an HTTP address.
 *
 * - healthy: the status is as wanted, and the body matches
 * - degraded: a status of `degradedStatus`; slow
 * - unhealthy: no connection, no answer, any other status, another body
 *
 * Measures `latency_ms`, `status`.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function http(options: HttpOptions): HealthCheck {
  const { status = "2xx", degradedStatus = [], match } = options;
  const [isHealthy, isDegraded] = [statusTest(status), statusTest(degradedStatus)];
  const maxBodyBytes = match === undefined ? 0 : (options.maxBodyBytes ?? 65_536);
  const ask = httpAsker(options);
  return (context) =>
    timed(options.degradedMs, async () => {
      const { answer, secrets, at } = await ask(context, { maxBodyBytes });
      const found = { measurements: { status: { value: answer.status } } };
      if (isDegraded(answer.status)) {
        return { ...found, status: "degraded", message: `${at} answered ${answer.status}` };
      }
      if (!isHealthy(answer.status)) throw statusError(at, answer, secrets);
      if (match !== undefined && !matches(match, answer.body.toString("utf8"))) {
        throw new CheckError("FLX_CHECK_ANSWER", `${at} answered another text than it should`);
      }
      return found;
    });
}

/** The error for a status that is not wanted. */
export function statusError(at: string, answer: HttpAnswer, secrets: Secrets): CheckError {
  const { location } = answer.headers;
  const where = location === undefined ? "" : ` and sends to ${shown(location, secrets)}`;
  if (answer.status === 401) {
    return new CheckError("FLX_CHECK_LOGIN", `${at} refused the credentials (401)`);
  }
  return new CheckError("FLX_CHECK_ANSWER", `${at} answered ${answer.status}${where}`);
}

/** What an asker gives: the answer, and what is needed to speak of it. */
export interface HttpAsked {
  readonly answer: HttpAnswer;
  readonly secrets: Secrets;
  readonly at: string;
}

/** Asks an address with its login. Plug-ins of servers that speak HTTP are made of this. */
export type HttpAsker = (
  context: CheckContext,
  changes: Partial<HttpQuestion>,
) => Promise<HttpAsked>;

/** What plug-ins of servers that speak HTTP take. */
export type HttpServerOptions = LoginOptions & Pick<HttpOptions, "headers">;

/**
 * Prepares questions to the address of these options.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function httpAsker(
  options: HttpServerOptions & Partial<Pick<HttpOptions, "method" | "body" | "maxRedirects">>,
  { port = 80, tlsPort = 443 }: { readonly port?: number; readonly tlsPort?: number } = {},
): HttpAsker {
  const shape = { schemes: { "http:": false, "https:": true }, port, tlsPort };
  const endpoint = endpointOf(
    // A URL without a port means the scheme's, not the server's usual one.
    options.url === undefined ? options : { port: urlPort(options.url), ...options },
    shape,
  );
  const { body, method = "GET", maxRedirects = 0 } = options;
  const headers = checkedHeaders(options.headers ?? {});
  const target = options.url === undefined ? "/" : targetOf(options.url);
  return async (context, changes) => {
    const password = await secretValue(endpoint.password);
    const secrets = new Secrets(password, ...Object.values(headers));
    const answer = await exchange(
      {
        endpoint,
        target,
        method,
        maxBodyBytes: 65_536,
        maxRedirects,
        ...(body === undefined ? {} : { body }),
        ...changes,
        headers: { ...basic(endpoint, password, secrets), ...headers, ...changes.headers },
      },
      context,
    );
    return { answer, secrets, at: endpoint.at };
  };
}

/** The path of a URL in front of another path: "http://host/prefix/" and "/-/ready". */
export function below(url: string | undefined, path: string): string {
  const prefix = url === undefined || !URL.canParse(url) ? "" : new URL(url).pathname;
  return prefix.replace(/\/+$/, "") + path;
}

function urlPort(url: string): number {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return Number(parsed?.port) || (parsed?.protocol === "https:" ? 443 : 80);
}

function targetOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

function checkedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const isWrong = ([name, value]: [string, string]): boolean =>
    !/^[!#$%&'*+.^_`|~\w-]+$/.test(name) || /[^\t\u0020-\u007e\u0080-\u00ff]/.test(value);
  const wrong = Object.entries(headers).find(isWrong);
  if (wrong !== undefined) throw optionsError(`headers: "${wrong[0]}" is not a header of HTTP`);
  return { ...headers };
}

function basic(
  { user }: Endpoint,
  password: string | undefined,
  secrets: Secrets,
): Record<string, string> {
  if (user === undefined) return {};
  const token = Buffer.from(`${user}:${password ?? ""}`).toString("base64");
  secrets.add(token);
  return { authorization: `Basic ${token}` };
}

function statusTest(
  wanted: number | string | readonly (number | string)[],
): (status: number) => boolean {
  const list: readonly (number | string)[] = typeof wanted === "object" ? wanted : [wanted];
  const ranges = list.map((each) => {
    const text = String(each);
    const [, digit] = /^([1-5])xx$/.exec(text) ?? [];
    if (digit !== undefined) return [Number(digit) * 100, Number(digit) * 100 + 99] as const;
    const [, from, to = from] = /^(\d{3})(?:-(\d{3}))?$/.exec(text) ?? [];
    if (from === undefined) throw optionsError(`status "${text}" is none: 200, "2xx" or "200-204"`);
    return [Number(from), Number(to)] as const;
  });
  return (status) => ranges.some(([from, to]) => status >= from && status <= to);
}

function matches(wanted: NonNullable<HttpOptions["match"]>, body: string): boolean {
  if (typeof wanted === "string") return body.includes(wanted);
  return typeof wanted === "function" ? wanted(body) : wanted.test(body);
}

/** The result of a server that only has to answer 2xx. */
export async function answersWell(
  ask: HttpAsker,
  context: CheckContext,
  changes: Partial<HttpQuestion>,
): Promise<CheckResult> {
  const { answer, secrets, at } = await ask(context, { maxBodyBytes: 0, ...changes });
  if (answer.status < 200 || answer.status > 299) throw statusError(at, answer, secrets);
  return {};
}
