// Where a server is and how to log in there: from a URL, from single options, or from both (single options win).
//
//   postgres://user:p%40ss@db:5433/orders?sslmode=require
//   └scheme─┘  └user┘└password┘└host┘└port┘└name─┘└─query─┘
//
// Wrong options are an error when the check is made, not when it runs. The URL itself is never quoted in an error:
// there is a password in it.

import type { ConnectionOptions } from "node:tls";
import { optionsError } from "./check-error.ts";

/** What may be said about TLS: true, or what `tls.connect()` takes (own authorities, client certificate). */
export type TlsOption =
  | boolean
  | Pick<
      ConnectionOptions,
      | "ca"
      | "cert"
      | "key"
      | "passphrase"
      | "servername"
      | "rejectUnauthorized"
      | "minVersion"
      | "ALPNProtocols"
    >;

/** A password, or what gives it: a function is asked at each run, so it may change. */
export type Secret = string | (() => string | Promise<string>);

/** Where a server is. `url` or `host`/`port` or `path`. */
export interface EndpointOptions {
  /** All in one. Names and passwords in it are percent-encoded. */
  readonly url?: string;
  /** Default "127.0.0.1". */
  readonly host?: string;
  readonly port?: number;
  /** A unix socket instead of host and port. */
  readonly path?: string;
  /** Default: as the URL's scheme says, else false. Certificates are verified unless told otherwise. */
  readonly tls?: TlsOption;
  /** An answer that takes longer makes the check degraded. */
  readonly degradedMs?: number;
}

/** Where a server is and who we are there. */
export interface LoginOptions extends EndpointOptions {
  readonly user?: string;
  readonly password?: Secret;
}

/** Where a server is, resolved. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly path: string | undefined;
  readonly tls: Exclude<TlsOption, boolean> | undefined;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** The path of the URL without its first slash, decoded. */
  readonly name: string;
  readonly query: URLSearchParams;
  /** As a person writes it: "db:5432". */
  readonly at: string;
}

/** What a plug-in knows about its URLs. */
export interface EndpointShape {
  /** Scheme (with colon) and whether it means TLS. */
  readonly schemes: Readonly<Record<string, boolean>>;
  readonly port: number;
  /** The port with TLS, when it is another one. */
  readonly tlsPort?: number;
}

/**
 * Resolves options.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS` for a URL or port that is none, or for another server's URL
 */
export function endpointOf(options: LoginOptions, shape: EndpointShape): Endpoint {
  const url = options.url === undefined ? undefined : parsed(options.url, shape);
  const isTls = options.tls ?? (url !== undefined && shape.schemes[url.protocol] === true);
  const tls = isTls === true ? {} : isTls === false ? undefined : isTls;
  const host = options.host ?? bareHost(url?.hostname) ?? "127.0.0.1";
  const port = portOf(options.port ?? url?.port, tls && shape.tlsPort ? shape.tlsPort : shape.port);
  const path = options.path;
  return {
    host,
    port,
    path,
    tls,
    user: options.user ?? decoded(url?.username),
    password: options.password ?? decoded(url?.password),
    name: decoded(url?.pathname.replace(/^\//, "")) ?? "",
    query: url?.searchParams ?? new URLSearchParams(),
    at: path ?? (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`),
  };
}

/** The secret's value now. */
export async function secretValue(secret: Secret | undefined): Promise<string | undefined> {
  return typeof secret === "function" ? secret() : secret;
}

function parsed(text: string, { schemes }: EndpointShape): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && Object.hasOwn(schemes, url.protocol)) return url;
  const known = Object.keys(schemes).map((scheme) => `${scheme}//`);
  throw optionsError(`url must be a URL that begins with ${known.join(" or ")}`);
}

function bareHost(host: string | undefined): string | undefined {
  if (host === undefined || host === "") return undefined;
  return host.startsWith("[") ? host.slice(1, -1) : decoded(host);
}

function portOf(given: number | string | undefined, usual: number): number {
  // 0 as the usual one: there is none, the plug-in asks for it.
  if (given === undefined || given === "") return usual;
  const port = Number(given);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw optionsError(`port must be a whole number from 1 to 65535, got ${given}`);
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw optionsError("url must have names and passwords percent-encoded (% is %25)");
  }
}
