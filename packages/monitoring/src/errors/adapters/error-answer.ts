// What a request is answered with when it failed.
//
//   production, or a stranger     application/problem+json: status, title, the error's id; the message only below 500
//   development, from this        text/html: the whole report
//   machine, by a browser
//
//   { "type": "about:blank", "title": "Internal Server Error", "status": 500,
//     "instance": "urn:flx:error:8a1f...", "errorId": "8a1f..." }
//
// Source: RFC 9457 (Problem Details for HTTP APIs).

import { STATUS_CODES } from "./http-status.ts";
import { getErrorHandler } from "../handler/current-handler.ts";
import type { RichErrorHandler } from "../handler/rich-error-handler.ts";
import { htmlSecurityPolicy, renderHtml } from "../render/html.ts";
import { isObject, readProperty } from "../report/hostile.ts";

/** How failed requests are answered. */
export interface ErrorAnswerOptions {
  /** Default: the process's handler. */
  readonly handler?: RichErrorHandler | undefined;
  /** Whether browsers of this machine see the report. Default: NODE_ENV is "development". */
  readonly development?: boolean | undefined;
}

/** What is known of the request. */
export interface FailedRequest {
  readonly accept?: string | undefined;
  /** The address of the other side; only this machine is shown reports. */
  readonly remoteAddress?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  /** The request itself: the same error of another one is told again. */
  readonly request?: object | undefined;
}

/** An answer to be written. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Handles the error, and gives the answer. Never throws. */
export function errorAnswer(
  error: unknown,
  request: FailedRequest,
  options: ErrorAnswerOptions = {},
): ErrorAnswer {
  const handler = options.handler ?? getErrorHandler();
  const status = statusOf(error);
  const { report } = handler.handle(error, {
    ...(status < 500 && { kind: "expected" }),
    message: `${request.method ?? "request"} ${pathOnly(request.path)}`.trim(),
    request: request.request,
  });
  if (isShown(request, options)) {
    return {
      status,
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": htmlSecurityPolicy(),
        ...SAFE_HEADERS,
      },
      body: renderHtml(report),
    };
  }
  const problem = {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    ...(status < 500 && { detail: report.message }),
    instance: `urn:flx:error:${report.errorId}`,
    errorId: report.errorId,
    ...(status < 500 && report.code !== undefined && { code: report.code }),
  };
  return {
    status,
    headers: { "content-type": "application/problem+json", ...SAFE_HEADERS },
    body: JSON.stringify(problem),
  };
}

const SAFE_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

/** The HTTP status that an error asks for; 500 for all that do not. */
export function statusOf(error: unknown): number {
  if (!isObject(error)) return 500;
  const status = readProperty(error, "statusCode") ?? readProperty(error, "status");
  const isStatus = typeof status === "number" && Number.isInteger(status);
  return isStatus && status >= 400 && status < 600 ? status : 500;
}

function isShown(
  { accept, remoteAddress }: FailedRequest,
  { development = process.env["NODE_ENV"] === "development" }: ErrorAnswerOptions,
): boolean {
  return (
    development &&
    accept?.includes("text/html") === true &&
    /^(?:127\.|::1$|::ffff:127\.)/.test(remoteAddress ?? "")
  );
}

/** Queries have secrets. */
function pathOnly(path = ""): string {
  return path.split("?", 1)[0]!.slice(0, 200);
}
