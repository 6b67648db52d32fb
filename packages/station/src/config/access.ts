// Who may what, and the certificate of the station's doors: sections `access` and `tls`.
//
//   access:
//     anonymous: [read]                     callers without a credential; on loopback all roles, beyond it none
//     hosts: [flx.example.com]              names anonymous callers may use besides addresses and localhost
//     users:
//       - name: checkout
//         roles: [write]
//         token_file: /run/secrets/checkout
//       - name: alice
//         roles: [admin]
//         password_hash: $scrypt$ln=15,...  from flx hash-password
//       - name: scraper
//         roles: [read]
//         certificate_names: [prometheus.internal]
//     proxy:
//       user_header: X-Forwarded-User
//       roles_header: X-Forwarded-Groups
//       trusted: [127.0.0.1, 10.0.0.0/8]
//   tls:
//     cert_file: station.crt
//     key_file: station.key
//     client_ca_file: clients.crt

import { isIP } from "node:net";
import type { AccessProxy, AccessRules, AccessUser } from "../base/access/access-control.ts";
import { parsePasswordHash, type PasswordHash } from "../base/access/password-hash.ts";
import { GIVEN_ROLES, type Role } from "../base/access/role.ts";
import type { TlsFilePaths } from "../base/tls-files.ts";
import { choice, filePath, plainText, secret, secretFile } from "./scalars.ts";
import type { Secret } from "./secret.ts";
import { checked, mapped, optional, type Shape } from "./shape.ts";
import { list, section } from "./structures.ts";

/** A token that is shorter can be guessed. */
const MIN_TOKEN_LENGTH = 16;

const roles: Shape<readonly Role[]> = list(choice([...GIVEN_ROLES]), { max: 3 });

const passwordHash: Shape<PasswordHash> = mapped(
  checked(
    // Its dollar signs are no variables; its text is no secret to print, so it is read as one.
    secretText(),
    (given) => problemOf(() => parsePasswordHash(given)),
  ),
  parsePasswordHash,
);

function secretText(): Shape<string> {
  const text = plainText({ expands: false });
  return {
    ...text,
    read: (node, path, at, reading) => {
      const before = reading.explained.length;
      const value = text.read(node, path, at, reading);
      const line = reading.explained[before];
      if (line !== undefined) reading.explained[before] = { ...line, shown: "<secret>" };
      return value;
    },
  };
}

function problemOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

interface UserValue {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly token: Secret | undefined;
  readonly token_file: Secret | undefined;
  readonly password_hash: PasswordHash | undefined;
  readonly certificate_names: readonly string[];
}

const user: Shape<AccessUser> = mapped(
  section<{ readonly [K in keyof UserValue]: Shape<UserValue[K]> }>(
    {
      name: checked(plainText({ minLength: 1 }), (name) =>
        name === "anonymous" || /[:\p{Cc}]/u.test(name)
          ? "a name is not anonymous, and has no colon or control character"
          : undefined,
      ),
      roles,
      token: optional(longEnough(secret())),
      token_file: optional(secretFile()),
      password_hash: optional(passwordHash),
      certificate_names: list(plainText({ minLength: 1 }), { max: 100 }),
    },
    {
      *rules(given) {
        if (given.roles.length === 0) yield ["roles", `give some of ${GIVEN_ROLES.join(", ")}`];
      },
    },
  ),
  (given) => ({
    name: given.name,
    roles: new Set(given.roles),
    tokens: [given.token, given.token_file].filter((token) => token !== undefined),
    password: given.password_hash,
    certificateNames: given.certificate_names,
  }),
);

/** A token stands in the file itself: its length is known while it is read. */
function longEnough(shape: Shape<Secret>): Shape<Secret> {
  return {
    ...shape,
    jsonSchema: { ...shape.jsonSchema, minLength: MIN_TOKEN_LENGTH },
    read: (node, path, at, reading) => {
      if (
        node?.kind === "scalar" &&
        !node.text.includes("${") &&
        node.text.length < MIN_TOKEN_LENGTH
      ) {
        reading.problem(path, node.place, `a token has at least ${MIN_TOKEN_LENGTH} characters`);
      }
      return shape.read(node, path, at, reading);
    },
  };
}

const network: Shape<string> = checked(plainText(), (given) => {
  const [address = "", prefix, ...more] = given.split("/");
  const version = isIP(address);
  const bits = prefix === undefined ? 0 : Number(prefix);
  const isRight =
    version !== 0 &&
    more.length === 0 &&
    (prefix === undefined || /^\d{1,3}$/.test(prefix)) &&
    bits <= (version === 6 ? 128 : 32);
  return isRight ? undefined : `expected an address or a network like 10.0.0.0/8, got ${given}`;
});

const headerName: Shape<string> = mapped(
  checked(plainText({ minLength: 1 }), (name) =>
    /^[\w-]{1,100}$/.test(name) ? undefined : "expected the name of a header",
  ),
  (name) => name.toLowerCase(),
);

const proxySection: Shape<AccessProxy> = mapped(
  section({
    user_header: headerName,
    roles_header: optional(headerName),
    trusted: list(network, { min: 1, max: 1_000 }),
  }),
  (given) => ({
    userHeader: given.user_header,
    rolesHeader: given.roles_header,
    trusted: given.trusted,
  }),
);

/** What is written about access; `anonymous` is undefined when nothing is. */
export interface AccessSettings extends Omit<AccessRules, "anonymous"> {
  readonly anonymous: ReadonlySet<Role> | undefined;
}

/** The section `access`. */
export const accessSection: Shape<AccessSettings> = mapped(
  section(
    {
      anonymous: optional(roles),
      hosts: list(plainText({ minLength: 1 }), { max: 1_000 }),
      users: list(user, { max: 10_000 }),
      proxy: optional(proxySection),
    },
    {
      *rules({ users }) {
        const names = new Set<string>();
        for (const { name } of users) {
          if (names.has(name)) yield ["users", `two users are called ${name}`];
          names.add(name);
        }
      },
    },
  ),
  (given) => ({
    anonymous: given.anonymous === undefined ? undefined : new Set(given.anonymous),
    hosts: given.hosts,
    users: given.users,
    proxy: given.proxy,
  }),
);

/** The section `tls`: of the doors the station opens itself. */
export const tlsSection: Shape<TlsFilePaths> = mapped(
  section({
    cert_file: filePath(),
    key_file: filePath(),
    client_ca_file: optional(filePath()),
  }),
  (given) => ({ cert: given.cert_file, key: given.key_file, clientCa: given.client_ca_file }),
);

/**
 * The rules that hold for doors on a host.
 *
 * On loopback, whoever is on this machine may anything unless users or a proxy are given; beyond it, nobody may anything
 * who is not known, unless `anonymous` says so.
 */
export function accessRules(settings: AccessSettings, isLoopback: boolean): AccessRules {
  const { users, proxy, anonymous, hosts = [] } = settings;
  const isClosed = users.length > 0 || proxy !== undefined;
  const byDefault: ReadonlySet<Role> = new Set(isLoopback && !isClosed ? GIVEN_ROLES : []);
  return {
    users,
    proxy,
    anonymous: anonymous ?? byDefault,
    hosts: isLoopback ? hosts : [...hosts, "*"],
  };
}
