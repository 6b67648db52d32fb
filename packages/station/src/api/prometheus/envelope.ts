// The form of every answer of Prometheus' API, and of its errors.
//
//   {"status":"success","data":...,"warnings":["..."],"infos":["..."]}
//   {"status":"error","errorType":"bad_data","error":"..."}

import { FlxError } from "@flx/model";
import { PromqlParseError } from "@flx/promql";
import type { Answer } from "../http/answer.ts";
import { type ErrorType, Refusal } from "../http/refusal.ts";

const JSON_HEADERS = { "content-type": "application/json" };

/** Notes beside the data. */
export interface Notes {
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** An answer with data. */
export function success(data: unknown, notes: Notes = {}): Answer {
  const body = `{"status":"success","data":${JSON.stringify(data)}${notesJson(notes)}}`;
  return { status: 200, headers: JSON_HEADERS, body };
}

/** An answer whose data comes in pieces of JSON. */
export function successInPieces(data: Iterable<string>, notes: Notes = {}): Answer {
  return { status: 200, headers: JSON_HEADERS, body: pieces(data, notes) };
}

function* pieces(data: Iterable<string>, notes: Notes): Generator<string> {
  yield '{"status":"success","data":';
  yield* data;
  yield `${notesJson(notes)}}`;
}

function notesJson({ warnings = [], infos = [] }: Notes): string {
  const shown = warnings.length === 0 ? "" : `,"warnings":${JSON.stringify(warnings)}`;
  return infos.length === 0 ? shown : `${shown},"infos":${JSON.stringify(infos)}`;
}

/** The error types of what can go wrong with a query. */
const QUERY_ERRORS: Readonly<Record<string, ErrorType>> = {
  FLX_PROMQL_EXECUTION: "execution",
  FLX_PROMQL_SAMPLES: "execution",
  FLX_PROMQL_BYTES: "execution",
  FLX_PROMQL_DURATION: "execution",
  FLX_PROMQL_DEPTH: "bad_data",
  FLX_PROMQL_QUERY: "bad_data",
  FLX_PROMQL_STEPS: "bad_data",
  FLX_PROMQL_TIMEOUT: "timeout",
  FLX_PROMQL_ABORTED: "canceled",
  FLX_QUERY_WAIT: "canceled",
  FLX_QUERY_BUSY: "unavailable",
  FLX_PROMQL_STORAGE: "internal",
  FLX_REMOTE_QUERY: "bad_data",
  FLX_REMOTE_READ_LIMIT: "bad_data",
  FLX_WIRE_MALFORMED: "bad_data",
  FLX_REMOTE_EXECUTION: "execution",
  FLX_REMOTE_ANSWER_LIMIT: "execution",
  FLX_REMOTE_TIMEOUT: "timeout",
  FLX_REMOTE_ABORTED: "canceled",
  FLX_REMOTE_UNREACHABLE: "unavailable",
  FLX_REMOTE_DENIED: "unavailable",
  FLX_REMOTE_ANSWER: "unavailable",
};

/**
 * Runs what may fail as a query does, and turns its errors into refusals; others go on as they are.
 *
 * @param name of the parameter that holds the query, for what is wrong with its text
 */
export async function asQuery<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw queryRefusal(error, name);
  }
}

function queryRefusal(error: unknown, name: string): unknown {
  if (error instanceof Refusal || !(error instanceof FlxError)) return error;
  const cause = { cause: error };
  if (error instanceof PromqlParseError || error.code === "FLX_PROMQL_REGEX") {
    return new Refusal(
      "bad_data",
      `invalid parameter ${JSON.stringify(name)}: ${error.message}`,
      cause,
    );
  }
  const type = QUERY_ERRORS[error.code];
  if (type === undefined) return error;
  const retry = type === "unavailable" ? { headers: { "retry-after": "1" } } : {};
  return new Refusal(type, error.message, { ...cause, ...retry });
}
