// The table of routes: method, path, who may, what answers. One table for the server, the tests of access and the docs.
//
//   GET  /api/v1/label/:name/values    read     :name is a parameter
//   POST /api/v1/write                 write
//   GET  /assets/*                     public   * takes the rest
//
// A path that is there under another method is answered with 405 and Allow, one that is not with 404; HEAD is GET
// without a body.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Role } from "../../base/access/role.ts";
import type { Answer } from "./answer.ts";
import type { ApiRequest } from "./request.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

interface RouteBase {
  readonly method: Method;
  /** Segments; ":name" is a parameter, "*" at the end takes the rest. */
  readonly path: string;
  readonly role: Role;
  /** Whether it changes what is kept: then who did it is written down, as with every route for admins. */
  readonly changes?: boolean;
}

/** A route that answers. */
export interface AnsweringRoute extends RouteBase {
  answer(this: void, request: ApiRequest): Answer | Promise<Answer>;
}

/** A route that reads and writes by itself: receivers, whose bodies are large or never end. */
export interface RawRoute extends RouteBase {
  handle(this: void, request: IncomingMessage, response: ServerResponse): void | Promise<void>;
}

export type Route = AnsweringRoute | RawRoute;

/** What is found for a method and path. */
export type Found =
  | { readonly kind: "route"; readonly route: Route; readonly params: ReadonlyMap<string, string> }
  | { readonly kind: "method"; readonly allowed: readonly string[] }
  | { readonly kind: "none" };

interface Pattern {
  readonly segments: readonly string[];
  readonly byMethod: Map<string, Route>;
}

/** Routes by path. */
export class RouteTable {
  readonly routes: readonly Route[];
  readonly #exact = new Map<string, Pattern>();
  readonly #patterns: Pattern[] = [];

  /** @throws {Error} when two routes are the same: a mistake in the program */
  constructor(routes: readonly Route[]) {
    this.routes = routes;
    for (const route of routes) this.#add(route);
  }

  #add(route: Route): void {
    const segments = route.path.split("/").slice(1);
    const isExact = !segments.some((segment) => segment.startsWith(":") || segment === "*");
    let pattern = isExact
      ? this.#exact.get(route.path)
      : this.#patterns.find((each) => each.segments.join("/") === segments.join("/"));
    if (pattern === undefined) {
      pattern = { segments, byMethod: new Map() };
      if (isExact) this.#exact.set(route.path, pattern);
      else this.#patterns.push(pattern);
    }
    if (pattern.byMethod.has(route.method)) {
      throw new Error(`two routes for ${route.method} ${route.path}`);
    }
    pattern.byMethod.set(route.method, route);
  }

  /**
   * The route of a request.
   *
   * @param path as it came, still percent-encoded
   */
  find(method: string, path: string): Found {
    const wanted = method === "HEAD" ? "GET" : method;
    const exact = this.#exact.get(path);
    if (exact !== undefined) return choose(exact, wanted, new Map());
    const segments = path.split("/").slice(1);
    for (const pattern of this.#patterns) {
      const params = match(pattern.segments, segments);
      if (params !== undefined) return choose(pattern, wanted, params);
    }
    return { kind: "none" };
  }
}

function choose(pattern: Pattern, method: string, params: ReadonlyMap<string, string>): Found {
  const route = pattern.byMethod.get(method);
  if (route !== undefined) return { kind: "route", route, params };
  const allowed = [...pattern.byMethod.keys()];
  return { kind: "method", allowed: allowed.includes("GET") ? [...allowed, "HEAD"] : allowed };
}

function match(
  pattern: readonly string[],
  segments: readonly string[],
): Map<string, string> | undefined {
  const takesRest = pattern.at(-1) === "*";
  if (takesRest ? segments.length < pattern.length : segments.length !== pattern.length) {
    return undefined;
  }
  const params = new Map<string, string>();
  for (const [i, part] of pattern.entries()) {
    if (part === "*") {
      params.set("*", segments.slice(i).join("/"));
      return params;
    }
    const segment = segments[i]!;
    if (part.startsWith(":")) {
      const value = decoded(segment);
      if (value === undefined || value === "") return undefined;
      params.set(part.slice(1), value);
    } else if (part !== segment) return undefined;
  }
  return params;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
