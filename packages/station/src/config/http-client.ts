// How the station calls others over HTTP, in Prometheus' words (<http_config>): credentials, TLS, redirects, headers.
//
//   basic_auth | authorization       one of them, not both
//   tls_config                       PEM texts or files; files are read anew for new connections
//   follow_redirects, http_headers
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config

import { Secret } from "./secret.ts";
import { choice, filePath, flag, plainText, secret, secretFile } from "./scalars.ts";
import { mapped, optional, type Shape, withDefault } from "./shape.ts";
import { list, mapOfValues, section } from "./structures.ts";

/** What is needed to call a server. */
export interface HttpClientSettings {
  readonly authorization: Authorization | undefined;
  readonly tls: TlsClientSettings;
  readonly followRedirects: boolean;
  /** Further headers by their names as written. */
  readonly headers: ReadonlyMap<string, readonly Secret[]>;
}

/** Who we say we are. */
export type Authorization =
  | { readonly kind: "basic"; readonly username: Secret; readonly password: Secret | undefined }
  | { readonly kind: "header"; readonly type: string; readonly credentials: Secret };

/** Whom we trust, and our own certificate. */
export interface TlsClientSettings {
  readonly ca: PemSource | undefined;
  readonly cert: PemSource | undefined;
  readonly key: Secret | undefined;
  /** The name in the server's certificate, when it is not the host's. */
  readonly serverName: string | undefined;
  readonly insecureSkipVerify: boolean;
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
}

/** A PEM text, or the file it stands in. */
export type PemSource =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string };

/** As node:tls names them. */
export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

const TLS_VERSIONS: Readonly<Record<TlsVersionWord, TlsVersion>> = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3",
};

interface BasicAuthValue {
  readonly username: string | undefined;
  readonly username_file: Secret | undefined;
  readonly password: Secret | undefined;
  readonly password_file: Secret | undefined;
}

const basicAuth: Shape<BasicAuthValue> = section(
  {
    username: optional(plainText({ minLength: 1 })),
    username_file: optional(secretFile()),
    password: optional(secret()),
    password_file: optional(secretFile()),
  },
  { rules: (given) => [...onlyOne(given, "username"), ...onlyOne(given, "password")] },
);

interface AuthorizationValue {
  readonly type: string;
  readonly credentials: Secret | undefined;
  readonly credentials_file: Secret | undefined;
}

const authorization: Shape<AuthorizationValue> = section(
  {
    type: withDefault(plainText({ minLength: 1 }), "Bearer"),
    credentials: optional(secret()),
    credentials_file: optional(secretFile()),
  },
  {
    *rules(given) {
      yield* onlyOne(given, "credentials");
      if (given.type.toLowerCase() === "basic") yield ["type", "use basic_auth for Basic"];
    },
  },
);

type TlsVersionWord = "TLS10" | "TLS11" | "TLS12" | "TLS13";

interface TlsConfigValue {
  readonly ca: string | undefined;
  readonly ca_file: string | undefined;
  readonly cert: string | undefined;
  readonly cert_file: string | undefined;
  readonly key: Secret | undefined;
  readonly key_file: Secret | undefined;
  readonly server_name: string | undefined;
  readonly insecure_skip_verify: boolean;
  readonly min_version: TlsVersionWord | undefined;
  readonly max_version: TlsVersionWord | undefined;
}

const tlsConfig: Shape<TlsConfigValue> = section(
  {
    ca: optional(plainText()),
    ca_file: optional(filePath()),
    cert: optional(plainText()),
    cert_file: optional(filePath()),
    key: optional(secret()),
    key_file: optional(secretFile()),
    server_name: optional(plainText()),
    insecure_skip_verify: withDefault(flag(), false),
    min_version: optional(choice(["TLS10", "TLS11", "TLS12", "TLS13"])),
    max_version: optional(choice(["TLS10", "TLS11", "TLS12", "TLS13"])),
  },
  {
    *rules(given) {
      for (const name of ["ca", "cert", "key"]) yield* onlyOne(given, name);
      const hasCert = given.cert !== undefined || given.cert_file !== undefined;
      const hasKey = given.key !== undefined || given.key_file !== undefined;
      if (hasCert !== hasKey) yield ["", "a certificate and its key go together"];
    },
  },
);

function* onlyOne(given: object, name: string): Iterable<readonly [string, string]> {
  const values = given as Readonly<Record<string, unknown>>;
  if (values[name] !== undefined && values[`${name}_file`] !== undefined) {
    yield [`${name}_file`, `${name} and ${name}_file: give one of them`];
  }
}

/** What the keys of <http_config> hold. */
export interface HttpClientValue {
  readonly basic_auth: BasicAuthValue | undefined;
  readonly authorization: AuthorizationValue | undefined;
  readonly bearer_token: Secret | undefined;
  readonly bearer_token_file: Secret | undefined;
  readonly tls_config: TlsConfigValue;
  readonly follow_redirects: boolean;
  readonly enable_http2: boolean;
  readonly http_headers: ReadonlyMap<string, HeaderValue>;
}

interface HeaderValue {
  readonly values: readonly string[];
  readonly secrets: readonly Secret[];
  readonly files: readonly Secret[];
}

const headerValue: Shape<HeaderValue> = section({
  values: list(plainText()),
  secrets: list(secret()),
  files: list(secretFile()),
});

/** The keys of <http_config>; a section that has them spreads them into its own. */
export const httpClientFields: {
  readonly [K in keyof HttpClientValue]: Shape<HttpClientValue[K]>;
} = {
  basic_auth: optional(basicAuth),
  authorization: optional(authorization),
  bearer_token: optional(secret()),
  bearer_token_file: optional(secretFile()),
  tls_config: tlsConfig,
  follow_redirects: withDefault(flag(), true),
  enable_http2: withDefault(flag(), true),
  http_headers: mapOfValues(headerValue),
};

/** Keys of <http_config> that the station does not have. */
export const httpClientUnsupported: Readonly<Record<string, string>> = {
  oauth2: "give a token with authorization, from a file if it changes",
  proxy_url: "calls go to the target itself",
  proxy_from_environment: "calls go to the target itself",
  proxy_connect_header: "calls go to the target itself",
  no_proxy: "calls go to the target itself",
};

/** What is wrong with the keys of <http_config> together. */
export function* httpClientRules(
  given: HttpClientValue,
): Iterable<readonly [key: string, message: string]> {
  const ways = [
    given.basic_auth,
    given.authorization,
    given.bearer_token ?? given.bearer_token_file,
  ].filter((way) => way !== undefined);
  if (ways.length > 1) yield ["", "basic_auth, authorization, bearer_token: give one of them"];
}

/** The settings that the keys of <http_config> stand for. */
export function httpClientSettings(given: HttpClientValue): HttpClientSettings {
  return {
    authorization: authorizationOf(given),
    tls: tlsOf(given.tls_config),
    followRedirects: given.follow_redirects,
    headers: new Map(
      Array.from(given.http_headers, ([name, { values, secrets, files }]) => [
        name,
        [...values.map((value) => Secret.of(value)), ...secrets, ...files],
      ]),
    ),
  };
}

function authorizationOf(given: HttpClientValue): Authorization | undefined {
  const { basic_auth: basic, authorization: header } = given;
  if (basic !== undefined) {
    const username = basic.username_file ?? Secret.of(basic.username ?? "");
    return { kind: "basic", username, password: basic.password ?? basic.password_file };
  }
  const credentials =
    header?.credentials ??
    header?.credentials_file ??
    given.bearer_token ??
    given.bearer_token_file;
  if (credentials === undefined) return undefined;
  return { kind: "header", type: header?.type ?? "Bearer", credentials };
}

function tlsOf(given: HttpClientValue["tls_config"]): TlsClientSettings {
  return {
    ca: pemOf(given.ca, given.ca_file),
    cert: pemOf(given.cert, given.cert_file),
    key: given.key ?? given.key_file,
    serverName: given.server_name,
    insecureSkipVerify: given.insecure_skip_verify,
    minVersion: versionOf(given.min_version),
    maxVersion: versionOf(given.max_version),
  };
}

function pemOf(pem: string | undefined, file: string | undefined): PemSource | undefined {
  if (pem !== undefined) return { kind: "text", text: pem };
  return file === undefined ? undefined : { kind: "file", path: file };
}

function versionOf(version: TlsVersionWord | undefined): TlsVersion | undefined {
  return version === undefined ? undefined : TLS_VERSIONS[version];
}

/** <http_config> as a section of its own. */
export const httpClient: Shape<HttpClientSettings> = mapped(
  section(httpClientFields, { rules: httpClientRules, unsupported: httpClientUnsupported }),
  httpClientSettings,
);
