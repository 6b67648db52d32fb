// What kind of error something is, which decides how loud it is told.
//
//   expected      part of the business: no stock, wrong password          info, one line
//   operational   the world failed: refused, timed out, no space          warn, reported
//   bug           the rest                                                error, reported

import { isObject, readProperty, typeOfThrown } from "../report/hostile.ts";

/** How an error is to be taken. */
export type ErrorKind = "expected" | "operational" | "bug";

/** Says what kind an error is; undefined: the next one says it. */
export type KindRule = (error: unknown) => ErrorKind | undefined;

/** Kinds by class, by name of type, by code, or by a function. */
export interface KindMap {
  readonly expected?: readonly KindMatch[] | undefined;
  readonly operational?: readonly KindMatch[] | undefined;
  readonly bug?: readonly KindMatch[] | undefined;
}

/** A class, a type's name or an error's code. */
export type KindMatch = string | (abstract new (...args: never[]) => unknown);

const SYSTEM_CODE =
  /^(?:E(?:CONN(?:REFUSED|RESET|ABORTED)|TIMEDOUT|PIPE|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|ADDRINUSE|NOSPC|MFILE|NFILE|BUSY|ROFS|DQUOT|HOSTDOWN|NETDOWN)|UND_ERR_\w+)$/;

/** The kind of an error: by the map, by itself (`kind`, `expected`, an HTTP status below 500), by its code. */
export function kindOf(error: unknown, map: KindMap = {}, rule?: KindRule): ErrorKind {
  const said = safely(rule, error);
  if (said !== undefined) return said;
  for (const kind of ["expected", "operational", "bug"] as const) {
    if (map[kind]?.some((match) => fits(error, match)) === true) return kind;
  }
  return isObject(error) ? ofItself(error) : "bug";
}

function ofItself(error: object): ErrorKind {
  const kind = readProperty(error, "kind");
  if (kind === "expected" || kind === "operational" || kind === "bug") return kind;
  if (readProperty(error, "expected") === true) return "expected";
  const code = readProperty(error, "code");
  if (typeof code === "string" && SYSTEM_CODE.test(code)) return "operational";
  const status = readProperty(error, "statusCode") ?? readProperty(error, "status");
  return typeof status === "number" && status >= 400 && status < 500 ? "expected" : "bug";
}

function fits(error: unknown, match: KindMatch): boolean {
  try {
    if (typeof match === "function") return error instanceof match;
    if (typeOfThrown(error) === match) return true;
    return isObject(error) && readProperty(error, "code") === match;
  } catch {
    return false;
  }
}

function safely(rule: KindRule | undefined, error: unknown): ErrorKind | undefined {
  try {
    return rule?.(error);
  } catch {
    return undefined;
  }
}
