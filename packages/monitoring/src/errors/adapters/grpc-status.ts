// What a gRPC call is answered with when its handler failed.
//
//   a status of gRPC on the error (`code` 1..16)     that one, with its details
//   HTTP statuses, system codes                      their gRPC counterparts
//   the rest                                         INTERNAL (13), and only the error's id
//
// Source: https://grpc.github.io/grpc/core/md_doc_statuscodes.html

import { getErrorHandler } from "../handler/current-handler.ts";
import type { RichErrorHandler } from "../handler/rich-error-handler.ts";
import { isObject, readProperty, readText } from "../report/hostile.ts";

/** What grpc-js takes as an error of a call. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

const BY_HTTP: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  409: 6,
  412: 9,
  422: 3,
  429: 8,
  499: 1,
  501: 12,
  503: 14,
  504: 4,
};

const BY_CODE: Readonly<Record<string, number>> = {
  ECONNREFUSED: 14,
  ECONNRESET: 14,
  EPIPE: 14,
  ENOTFOUND: 14,
  EAI_AGAIN: 14,
  ETIMEDOUT: 4,
  ABORT_ERR: 1,
};

const INTERNAL = 13;

/** Handles the error, and gives the status of its call. Never throws. */
export function grpcErrorStatus(
  error: unknown,
  { handler = getErrorHandler() }: { readonly handler?: RichErrorHandler | undefined } = {},
): GrpcStatus {
  const code = grpcCodeOf(error);
  const isExpected = code !== INTERNAL && code !== 2 && code !== 14 && code !== 15;
  const { report } = handler.handle(error, isExpected ? { kind: "expected" } : {});
  if (isExpected) {
    const said = isObject(error) ? readText(error, "details") : undefined;
    return { code, details: said === undefined ? report.message : said.slice(0, 1_024) };
  }
  const what = code === 14 ? "unavailable" : "internal error";
  return { code, details: `${what} (error ${report.errorId})` };
}

/** The status code of gRPC that an error stands for. */
export function grpcCodeOf(error: unknown): number {
  if (!isObject(error)) return INTERNAL;
  const code = readProperty(error, "code");
  if (typeof code === "number" && Number.isInteger(code) && code >= 1 && code <= 16) return code;
  if (typeof code === "string" && Object.hasOwn(BY_CODE, code)) return BY_CODE[code]!;
  if (readProperty(error, "name") === "AbortError") return 1;
  const status = readProperty(error, "statusCode") ?? readProperty(error, "status");
  return typeof status === "number" ? (BY_HTTP[status] ?? INTERNAL) : INTERNAL;
}
