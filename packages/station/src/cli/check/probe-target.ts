// Whom to ask, from one word of the command line.
//
//   http://host:port/path   https://...     HTTP                unix:/socket:/path    HTTP over a Unix socket
//   grpc://host:port        grpcs://...     gRPC                grpc+unix:/socket     gRPC over a Unix socket
//   tcp://host:port                         a connection        unix:/socket          a connection to a Unix socket

import { UsageError } from "../command.ts";

/** A place to connect to. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** Whom to ask; `shown` is how it is printed: without a password. */
export type ProbeTarget =
  | {
      readonly kind: "http";
      readonly shown: string;
      readonly isSecure: boolean;
      readonly address: Address;
      /** Path and query. */
      readonly path: string;
      /** user:password, when the URL had it. */
      readonly credentials: string | undefined;
    }
  | {
      readonly kind: "grpc";
      readonly shown: string;
      readonly isSecure: boolean;
      /** As gRPC clients take it. */
      readonly target: string;
    }
  | { readonly kind: "tcp"; readonly shown: string; readonly address: Address };

const FORMS = "http://, https://, grpc://, grpcs://, tcp:// or unix:/";

/**
 * Reads a target.
 *
 * @throws {UsageError} when it is none, with what would be one
 */
export function parseProbeTarget(text: string): ProbeTarget {
  if (text.startsWith("unix:")) return unixTarget(text);
  if (text.startsWith("grpc+unix:")) {
    const path = socketPath(text, text.slice("grpc+unix:".length));
    return { kind: "grpc", shown: text, isSecure: false, target: `unix:${path}` };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^[a-z]+:\/\//i.test(text)) {
    const hint = /^[\w.-]+(?::\d+)?(?:\/|$)/.test(text) ? `; http://${text}?` : "";
    throw new UsageError(`${JSON.stringify(text)} is no target: it begins with ${FORMS}${hint}`);
  }
  switch (url.protocol) {
    case "http:":
    case "https:":
      return httpTarget(url);
    case "grpc:":
    case "grpcs:":
      refuseRest(text, url);
      return {
        kind: "grpc",
        shown: text,
        isSecure: url.protocol === "grpcs:",
        target: `${url.hostname}:${portOf(text, url)}`,
      };
    case "tcp:": {
      refuseRest(text, url);
      return { kind: "tcp", shown: text, address: { host: hostOf(url), port: portOf(text, url) } };
    }
    default:
      throw new UsageError(`${url.protocol}// cannot be asked; a target begins with ${FORMS}`);
  }
}

function unixTarget(text: string): ProbeTarget {
  const [socket, ...rest] = text.slice("unix:".length).split(":");
  const address = { path: socketPath(text, socket ?? "") };
  if (rest.length === 0) return { kind: "tcp", shown: text, address };
  const path = rest.join(":");
  if (!path.startsWith("/"))
    throw new UsageError(`${text}: after the socket comes a path, as in unix:/run/app.sock:/livez`);
  return { kind: "http", shown: text, isSecure: false, address, path, credentials: undefined };
}

function socketPath(text: string, path: string): string {
  if (path.startsWith("/")) return path.replace(/^\/\/(?=\/)/, "");
  throw new UsageError(`${JSON.stringify(text)} names no socket: write unix:/run/app.sock`);
}

function httpTarget(url: URL): ProbeTarget {
  const isSecure = url.protocol === "https:";
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  const { username, password } = url;
  const credentials =
    username === "" ? undefined : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const shown = new URL(url);
  if (password !== "") shown.password = "***";
  return {
    kind: "http",
    shown: shown.href,
    isSecure,
    address: { host: hostOf(url), port },
    path: `${url.pathname}${url.search}`,
    credentials,
  };
}

/** Without the brackets of IPv6. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1");
}

function portOf(text: string, url: URL): number {
  if (url.hostname !== "" && url.port !== "") return Number(url.port);
  throw new UsageError(
    `${JSON.stringify(text)} has no ${url.hostname === "" ? "host" : "port"}: write ${url.protocol}//host:port`,
  );
}

function refuseRest(text: string, url: URL): void {
  const rest = [url.pathname.replace("/", ""), url.search, url.hash, url.username];
  if (rest.every((part) => part === "")) return;
  throw new UsageError(
    `${JSON.stringify(text)} has more than a host and a port: write ${url.protocol}//host:port`,
  );
}
