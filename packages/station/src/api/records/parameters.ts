// Parameters that questions about traces, logs and errors share.
//
//   attribute   http.route=/orders   http.route!=/health   user.id=~7.*   user.id!~7.*   db.system     many: all must hold
//   limit       1 to 10,000
//   start, end  as in Prometheus' API; when not given, the last hour

import { FlxError } from "@flx/model";
import type { AttributeCondition, AttributeOperator } from "../../store/attribute-condition.ts";
import type { RecordRange } from "../../store/stored-record.ts";
import { Refusal } from "../http/refusal.ts";
import type { ApiRequest } from "../http/request.ts";
import { invalid, limitParameter, timeParameter } from "../prometheus/parameters.ts";

const HOUR_MS = 3_600_000;
const MAX_LIMIT = 10_000;

const OPERATORS: Readonly<Record<string, AttributeOperator>> = {
  "=": "is",
  "!=": "isNot",
  "=~": "matches",
  "!~": "matchesNot",
};

/** The conditions of `attribute`. */
export function attributeParameters(request: ApiRequest): readonly AttributeCondition[] {
  return request.parameters("attribute").map((text) => attributeCondition(text));
}

/**
 * A condition as people write it.
 *
 * @throws {Refusal} `bad_data` when it has no name
 */
export function attributeCondition(text: string): AttributeCondition {
  const match = /^([^=!~]*)(=~|!~|!=|=)?(.*)$/s.exec(text);
  const [, key = "", sign, value = ""] = match ?? [];
  if (key === "") {
    throw invalid("attribute", `${JSON.stringify(text.slice(0, 100))} is not like name=value`);
  }
  if (sign === undefined) return { key, operator: "exists", value: "" };
  return { key, operator: OPERATORS[sign]!, value };
}

/** The limit, or another when it is not given. */
export function boundedLimit(request: ApiRequest, otherwise: number): number {
  const limit = request.has("limit") ? limitParameter(request) : otherwise;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw invalid("limit", `must be from 1 to ${MAX_LIMIT}`);
}

/** The range of time. */
export function rangeParameters(request: ApiRequest, nowMs: number): RecordRange {
  const endMs = timeParameter(request, "end", nowMs + HOUR_MS);
  const startMs = timeParameter(request, "start", Math.min(nowMs, endMs) - HOUR_MS);
  if (endMs < startMs) throw invalid("end", "end timestamp must not be before start timestamp");
  return { startMs, endMs };
}

/** A parameter that is one of some words. */
export function wordParameter<Word extends string>(
  request: ApiRequest,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = request.parameter(name);
  if (text === undefined) return undefined;
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  throw invalid(name, `${JSON.stringify(text.slice(0, 100))} is none of ${words.join(", ")}`);
}

const REFUSALS = {
  FLX_STORE_QUESTION: "bad_data",
  FLX_STORE_ANSWER: "execution",
  FLX_STORE_ABORTED: "canceled",
  FLX_STORE_BUSY: "unavailable",
  FLX_STORE_DISK: "unavailable",
  FLX_STORE_FAILED: "unavailable",
  FLX_STORE_CLOSED: "unavailable",
} as const;

/** Runs what asks a store, and turns its errors into refusals. */
export async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FlxError) || !Object.hasOwn(REFUSALS, error.code)) throw error;
    const type = REFUSALS[error.code as keyof typeof REFUSALS];
    const headers: Record<string, string> = type === "unavailable" ? { "retry-after": "1" } : {};
    // Of what failed inside nobody outside is told more than that it did.
    const message = error.code === "FLX_STORE_FAILED" ? "the store cannot answer" : error.message;
    throw new Refusal(type, message, { cause: error, headers });
  }
}
