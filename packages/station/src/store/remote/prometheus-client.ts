// Asks a server with Prometheus' HTTP API: Prometheus itself, VictoriaMetrics, Mimir, Thanos.
//
//   ask("query", {query, time}) ──► POST {url}/api/v1/query ──► the data of the answer, with its warnings
//
//   the answer says                what is thrown
//     bad_data, 400, 404, 405        FLX_REMOTE_QUERY         as it was asked it cannot be answered
//     execution, 422                 FLX_REMOTE_EXECUTION
//     timeout, or none in time       FLX_REMOTE_TIMEOUT
//     401, 403                       FLX_REMOTE_DENIED        whose credentials are the station's
//     other, none                    FLX_REMOTE_UNREACHABLE   come again
//     not of the form, too large     FLX_REMOTE_ANSWER, FLX_REMOTE_ANSWER_LIMIT
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/

import { FlxError, type FlxErrorCode } from "@flx/model";
import { type Json, listOf, objectOf, textOf } from "./result-values.ts";
import type { RemoteAnswer, RemoteEndpoint } from "./remote-endpoint.ts";

/** The bounds of an answer. */
export interface ClientLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** What is asked besides parameters. */
export interface AskOptions {
  /** At most that of the client. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An answer. */
export interface ApiAnswer {
  readonly data: Json;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** Parameters; a list gives a name several times, undefined leaves it out. */
export type ApiParameters = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Paths that take a form; a query may be longer than a URL. */
const FORMS: ReadonlySet<string> = new Set(["query", "query_range", "query_exemplars"]);

/** Asks one server. */
export class PrometheusClient {
  readonly #url: URL;
  readonly #endpoint: RemoteEndpoint;
  readonly #limits: ClientLimits;

  /** @param url before `/api/v1` */
  constructor(url: URL, endpoint: RemoteEndpoint, limits: ClientLimits) {
    this.#url = url;
    this.#endpoint = endpoint;
    this.#limits = limits;
  }

  /**
   * Asks; `path` begins behind `/api/v1/`.
   *
   * @throws {FlxError} as the table above says
   */
  async ask(path: string, parameters: ApiParameters, options: AskOptions = {}): Promise<ApiAnswer> {
    const { maxBytes } = this.#limits;
    const timeoutMs = Math.max(1, Math.min(options.timeoutMs ?? Infinity, this.#limits.timeoutMs));
    const form = formOf(parameters);
    const isForm = FORMS.has(path);
    const url = apiUrl(this.#url, path);
    if (!isForm) for (const [name, value] of form) url.searchParams.append(name, value);
    const answer = await this.#endpoint.call({
      method: isForm ? "POST" : "GET",
      url,
      headers: {
        Accept: "application/json",
        ...(isForm && { "Content-Type": "application/x-www-form-urlencoded" }),
      },
      ...(isForm && { body: form.toString() }),
      timeoutMs,
      maxBytes,
      signal: options.signal,
    });
    return read(answer);
  }
}

/** A URL of the API, with the query of the base kept: some engines have a tenant there. */
export function apiUrl(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, "")}/api/v1/${path}`;
  return url;
}

function formOf(parameters: ApiParameters): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    for (const each of typeof value === "string" ? [value] : value) form.append(name, each);
  }
  return form;
}

function read({ status, body }: RemoteAnswer): ApiAnswer {
  let parsed: Readonly<Record<string, Json>>;
  try {
    parsed = objectOf(JSON.parse(body.toString()));
  } catch (cause) {
    if (status < 200 || status >= 300) throw failure(status, "", body.toString("utf8", 0, 200));
    throw new FlxError("FLX_REMOTE_ANSWER", "the answer is not JSON", { cause });
  }
  if (parsed["status"] !== "success" || status < 200 || status >= 300) {
    const { errorType = "", error = "" } = parsed;
    throw failure(status, String(errorType), String(error));
  }
  const { data, warnings = [], infos = [] } = parsed;
  return { data, warnings: listOf(warnings).map(textOf), infos: listOf(infos).map(textOf) };
}

const BY_TYPE: Readonly<Record<string, FlxErrorCode>> = {
  bad_data: "FLX_REMOTE_QUERY",
  execution: "FLX_REMOTE_EXECUTION",
  timeout: "FLX_REMOTE_TIMEOUT",
};

const BY_STATUS: Readonly<Record<number, FlxErrorCode>> = {
  400: "FLX_REMOTE_QUERY",
  401: "FLX_REMOTE_DENIED",
  403: "FLX_REMOTE_DENIED",
  404: "FLX_REMOTE_QUERY",
  405: "FLX_REMOTE_QUERY",
  422: "FLX_REMOTE_EXECUTION",
};

function failure(status: number, type: string, text: string): FlxError {
  const code = BY_TYPE[type] ?? BY_STATUS[status] ?? "FLX_REMOTE_UNREACHABLE";
  const short = text.trim().slice(0, 2_000);
  // What is wrong with a query is told in the engine's own words.
  if (short !== "" && (code === "FLX_REMOTE_QUERY" || code === "FLX_REMOTE_EXECUTION")) {
    return new FlxError(code, short);
  }
  return new FlxError(code, `the engine answered ${status}${short === "" ? "" : `: ${short}`}`);
}
