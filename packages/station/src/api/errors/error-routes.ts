// Our API of error groups.
//
//   GET  /api/v1/errors                         groups: state, service, release, text, since, order, limit
//   GET  /api/v1/errors/:fingerprint            a group with its history and example occurrences
//   POST /api/v1/errors/:fingerprint/resolve    release, note (a form): fixed in that release
//   POST /api/v1/errors/:fingerprint/ignore     note
//   POST /api/v1/errors/:fingerprint/reopen     note
//
// Who did it is who asked; they need the roles read and write.

import { allows } from "../../base/access/role.ts";
import type { ErrorAction, ErrorStore } from "../../store/errors/error-store.ts";
import type { Answer } from "../http/answer.ts";
import { Refusal } from "../http/refusal.ts";
import type { ApiRequest } from "../http/request.ts";
import type { Route } from "../http/route.ts";
import { success } from "../prometheus/envelope.ts";
import { invalid, timeParameter } from "../prometheus/parameters.ts";
import { asked, boundedLimit, wordParameter } from "../records/parameters.ts";
import { listAnswer } from "../traces/trace-routes.ts";

const ACTIONS = ["resolve", "ignore", "reopen"] as const;

/** The routes of error groups. */
export function errorRoutes(store: ErrorStore): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/errors",
      role: "read",
      answer: (request) => asked(() => list(store, request)),
    },
    {
      method: "GET",
      path: "/api/v1/errors/:fingerprint",
      role: "read",
      answer: (request) => asked(async () => found(await store.get(fingerprintOf(request)))),
    },
    ...ACTIONS.map((action): Route => ({
      method: "POST",
      path: `/api/v1/errors/:fingerprint/${action}`,
      role: "write",
      changes: true,
      answer: (request) => asked(() => act(store, request, action)),
    })),
  ];
}

async function list(store: ErrorStore, request: ApiRequest): Promise<Answer> {
  const groups = await store.list({
    state: wordParameter(request, "state", ["open", "resolved", "ignored"]),
    service: request.parameter("service"),
    release: request.parameter("release"),
    text: request.parameter("text"),
    sinceMs: request.has("since") ? timeParameter(request, "since", 0) : undefined,
    order: wordParameter(request, "order", ["lastSeen", "firstSeen", "count"]) ?? "lastSeen",
    limit: boundedLimit(request, 100),
  });
  return listAnswer(groups, (group) => group);
}

async function act(
  store: ErrorStore,
  request: ApiRequest,
  action: ErrorAction["action"],
): Promise<Answer> {
  // The token in a service's environment sends: it neither sees errors nor silences them.
  if (!allows(request.identity, "read")) {
    const message = `${request.identity.name} has not the role read, which this needs beside write`;
    throw new Refusal("forbidden", message);
  }
  const group = await store.act(fingerprintOf(request), {
    action,
    by: request.identity.name,
    note: textOf(request, "note", 2_000),
    release: textOf(request, "release", 200),
  });
  return found(group);
}

function textOf(request: ApiRequest, name: string, maxLength: number): string {
  const text = request.parameter(name) ?? "";
  if (text.length <= maxLength) return text;
  throw invalid(name, `has at most ${maxLength} characters`);
}

function found(group: object | undefined): Answer {
  if (group === undefined) throw new Refusal("not_found", "there is no such error group");
  return success(group);
}

function fingerprintOf(request: ApiRequest): string {
  const text = request.params.get("fingerprint")!;
  if (/^[0-9a-f]{16}$/.test(text)) return text;
  throw invalid("fingerprint", "is 16 hex digits");
}
