// Decides who asks and whether they may. One for all doors: API, receivers, gRPC.
//
//   caller ─┬─ Authorization: Bearer   token known?            ─┐
//           ├─ Authorization: Basic    user known, hash equal?  ├─► identity ─► may it do that? ─► in
//           ├─ client certificate      one of its names known?  │                  └─ no: 403
//           ├─ header of a proxy       from a trusted address?  │
//           └─ none of them            anonymous               ─┘  wrong one: 401, also where anonymous may
//
// What guards what:
//   tokens      are found by their SHA-256: nothing of one is learned from how long the answer takes
//   passwords   cost 60 ms each to check: a right one is remembered for ten minutes (as a keyed hash), few are checked at
//               once, and an address that fails too often is not heard (rate-limit.ts)
//   browsers    of people who are let in by what their browser sends by itself (certificate, remembered password, loopback):
//               requests that change something are refused when another site sent them
//   names       an anonymous caller must call by an address, localhost or a name that was given: or a page elsewhere could
//               make its own name point here, and read (DNS rebinding)

import { createHash, createHmac, randomBytes } from "node:crypto";
import { BlockList, isIP } from "node:net";
import { RateLimit } from "../rate-limit.ts";
import { AccessRefusal } from "./access-refusal.ts";
import { clientNetwork } from "./client-network.ts";
import { type Caller, headerOf } from "./caller.ts";
import { parsePasswordHash, type PasswordHash, verifyPassword } from "./password-hash.ts";
import { allows, GIVEN_ROLES, type Identity, type Role } from "./role.ts";

/** A text that is fetched when it is needed: a token in the configuration or in a file. */
export interface HiddenText {
  reveal(): Promise<string>;
}

/** Somebody who is known. */
export interface AccessUser {
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
  readonly tokens: readonly HiddenText[];
  readonly password: PasswordHash | undefined;
  /** Names in client certificates. */
  readonly certificateNames: readonly string[];
}

/** A proxy that says who asks. */
export interface AccessProxy {
  /** Lower case. */
  readonly userHeader: string;
  /** Header with roles, separated by commas; without it, a user of that name must be known. */
  readonly rolesHeader: string | undefined;
  /** Addresses or networks (`10.0.0.0/8`) whose headers are believed. */
  readonly trusted: readonly string[];
}

/** Who may what. */
export interface AccessRules {
  readonly users: readonly AccessUser[];
  readonly anonymous: ReadonlySet<Role>;
  readonly proxy?: AccessProxy | undefined;
  /** Names by which anonymous callers may call, besides addresses and localhost; `*` for any. */
  readonly hosts?: readonly string[] | undefined;
}

export interface AccessOptions {
  /** Milliseconds that never go back. Default: since the process started. */
  readonly now?: () => number;
  /** Wrong passwords by address. */
  readonly failures?: RateLimit;
  /** Requests of one client; without it, as many as it likes. */
  readonly requestsPerSecond?: number;
  /** Told of each credential that lets nobody in, and of who is known and may not. */
  readonly onRefusal?: (refused: RefusedCaller) => void;
}

/** Somebody who was not let in. */
export interface RefusedCaller {
  /** A user's name; undefined when the caller is nobody we know. What the caller called itself is not told: it may be a password. */
  readonly user: string | undefined;
  readonly remoteAddress: string;
  readonly kind: AccessRefusal["kind"];
  readonly reason: string;
}

const REALM = 'realm="flx"';
const REMEMBERED_MS = 10 * 60_000;
const MAX_REMEMBERED = 1_000;
/** Tokens in files are read again after so long. */
const TOKENS_FRESH_MS = 5_000;
const MAX_CHECKS = 2;
const MAX_WAITING_CHECKS = 32;
const OWN_HOST = /^(?:localhost|(?:[a-z0-9-]+\.)*localhost)$/i;

/** Somebody's password must be checked even when there is no such user: the time tells nothing. */
const NOBODY: PasswordHash = parsePasswordHash(
  `$scrypt$ln=15,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`,
);

/** Lets callers in, or does not. */
export class AccessControl {
  readonly #now: () => number;
  readonly #failures: RateLimit;
  readonly #onRefusal: AccessOptions["onRefusal"];
  /** Keys the remembered passwords: useless outside this process. */
  readonly #key = randomBytes(32);
  readonly #remembered = new Map<string, { readonly user: AccessUser; readonly untilMs: number }>();
  #requests: RateLimit | undefined;
  #rules: AccessRules;
  #trusted: BlockList;
  #tokens = new Map<string, AccessUser>();
  #tokensAtMs = -Infinity;
  #checks = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(rules: AccessRules, options: AccessOptions = {}) {
    const { now = () => performance.now(), failures, onRefusal, requestsPerSecond } = options;
    this.#now = now;
    this.#failures = failures ?? new RateLimit({ tries: 10, refillMs: 6_000 });
    this.#onRefusal = onRefusal;
    if (requestsPerSecond !== undefined) this.limitRequests(requestsPerSecond);
    this.#rules = rules;
    this.#trusted = networks(rules.proxy?.trusted ?? []);
  }

  /** Other rules from now on; who was let in under the old ones is asked again. */
  replace(rules: AccessRules): void {
    this.#rules = rules;
    this.#trusted = networks(rules.proxy?.trusted ?? []);
    this.#tokensAtMs = -Infinity;
    this.#remembered.clear();
  }

  /** So many requests of one client from now on; twice as many at once. */
  limitRequests(perSecond: number): void {
    this.#requests = new RateLimit({ tries: 2 * perSecond, refillMs: 1_000 / perSecond });
  }

  /**
   * Who the caller is, when it may do what the role allows.
   *
   * @throws {AccessRefusal} when it may not
   */
  async admit(caller: Caller, role: Role): Promise<Identity> {
    this.#pace(caller);
    if (role === "public") return this.#identifyIfKnown(caller);
    const { identity, isAmbient } = await this.#identify(caller);
    // Not told: every browser asks without a credential first.
    if (!allows(identity, role) && identity.name === ANONYMOUS) {
      throw this.#unauthorized("who are you? this needs a credential");
    }
    return this.#telling(caller, identity.name, () => {
      if (!allows(identity, role)) {
        throw new AccessRefusal("forbidden", `${identity.name} has not the role ${role}`);
      }
      if (isAmbient) this.#guardBrowser(caller, identity);
      return identity;
    });
  }

  /** Before anything is looked up: also guesses cost. */
  #pace(caller: Caller): void {
    const requests = this.#requests;
    if (requests === undefined) return;
    const [client, nowMs] = [this.#clientOf(caller), this.#now()];
    const waitMs = requests.waitMs(client, nowMs);
    if (waitMs === 0) {
      requests.take(client, nowMs);
      return;
    }
    const { remoteAddress } = caller;
    const refusal = limited("too many requests from this client", Math.max(1_000, waitMs));
    const { kind, message: reason } = refusal;
    this.#onRefusal?.({ user: undefined, remoteAddress, kind, reason });
    throw refusal;
  }

  /** An address; behind a trusted proxy, the user it names: all of them come from one address. */
  #clientOf(caller: Caller): string {
    const { proxy } = this.#rules;
    const client = clientNetwork(caller.remoteAddress);
    if (proxy === undefined || !contains(this.#trusted, caller.remoteAddress)) return client;
    return `${client} ${(headerOf(caller, proxy.userHeader) ?? "").slice(0, 200)}`;
  }

  /** Does it, and tells of the refusal that it throws. */
  async #telling<T>(
    caller: Caller,
    user: string | undefined,
    act: () => T | Promise<T>,
  ): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof AccessRefusal) {
        const { kind, message: reason } = error;
        const { remoteAddress } = caller;
        this.#onRefusal?.({ user: user ?? error.user, remoteAddress, kind, reason });
      }
      throw error;
    }
  }

  /** What is public is shown to everybody; who is known sees it under a name. */
  async #identifyIfKnown(caller: Caller): Promise<Identity> {
    try {
      return (await this.#identify(caller)).identity;
    } catch (error) {
      if (error instanceof AccessRefusal) return { name: ANONYMOUS, roles: new Set() };
      throw error;
    }
  }

  /** @returns `isAmbient`: the browser would send what lets in without being asked */
  async #identify(caller: Caller): Promise<{ identity: Identity; isAmbient: boolean }> {
    const authorization = headerOf(caller, "authorization");
    if (authorization !== undefined) {
      return this.#telling(caller, undefined, () => this.#authorize(authorization, caller));
    }
    if (Array.isArray(caller.headers["authorization"])) throw this.#unauthorized("one credential");
    const known =
      this.#rules.users.find(({ certificateNames }) =>
        certificateNames.some((name) => caller.certificateNames.includes(name)),
      ) ?? this.#fromProxy(caller);
    const identity = known ?? { name: ANONYMOUS, roles: this.#rules.anonymous };
    return { identity, isAmbient: true };
  }

  async #authorize(
    authorization: string,
    caller: Caller,
  ): Promise<{ identity: Identity; isAmbient: boolean }> {
    const [scheme, credential = ""] = splitOnce(authorization.trim(), " ");
    switch (scheme.toLowerCase()) {
      case "bearer":
        return { identity: await this.#bearer(credential.trim()), isAmbient: false };
      case "basic":
        return { identity: await this.#basic(credential.trim(), caller), isAmbient: true };
      default:
        throw this.#unauthorized("Authorization must be Bearer or Basic");
    }
  }

  async #bearer(token: string): Promise<Identity> {
    const user = token === "" ? undefined : (await this.#currentTokens()).get(sha256(token));
    if (user === undefined) throw this.#unauthorized("the token is not known");
    return user;
  }

  async #currentTokens(): Promise<ReadonlyMap<string, AccessUser>> {
    const nowMs = this.#now();
    if (Math.abs(nowMs - this.#tokensAtMs) < TOKENS_FRESH_MS) return this.#tokens;
    const rules = this.#rules;
    const fresh = new Map<string, AccessUser>();
    for (const user of rules.users) {
      for (const token of user.tokens) {
        // A file that cannot be read lets nobody in, and keeps nobody else out.
        const text = await token.reveal().catch(() => "");
        if (text !== "") fresh.set(sha256(text), user);
      }
    }
    if (rules === this.#rules) [this.#tokens, this.#tokensAtMs] = [fresh, nowMs];
    return fresh;
  }

  async #basic(credential: string, caller: Caller): Promise<Identity> {
    const [name, password] = splitOnce(Buffer.from(credential, "base64").toString(), ":");
    if (name === "" || password === undefined)
      throw this.#unauthorized("Basic needs name:password");
    const key = createHmac("sha256", this.#key).update(credential).digest("base64");
    const remembered = this.#remembered.get(key);
    if (remembered !== undefined && this.#now() < remembered.untilMs) return remembered.user;
    const waitMs = this.#failures.waitMs(caller.remoteAddress, this.#now());
    if (waitMs > 0) throw limited("too many wrong passwords from this address", waitMs);
    const rules = this.#rules;
    const user = rules.users.find((each) => each.name === name && each.password !== undefined);
    const isRight = await this.#check(password, user?.password ?? NOBODY);
    if (user === undefined || !isRight) {
      this.#failures.take(caller.remoteAddress, this.#now());
      throw this.#unauthorized("name or password is wrong", user?.name);
    }
    if (rules === this.#rules) this.#remember(key, user);
    return user;
  }

  #remember(key: string, user: AccessUser): void {
    if (this.#remembered.size >= MAX_REMEMBERED) {
      this.#remembered.delete(this.#remembered.keys().next().value!);
    }
    this.#remembered.set(key, { user, untilMs: this.#now() + REMEMBERED_MS });
  }

  async #check(password: string, known: PasswordHash): Promise<boolean> {
    if (this.#checks >= MAX_CHECKS) {
      if (this.#waiting.length >= MAX_WAITING_CHECKS)
        throw limited("too many sign in at once", 1_000);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#checks++;
    try {
      return await verifyPassword(password, known);
    } finally {
      this.#checks--;
      this.#waiting.shift()?.();
    }
  }

  #fromProxy(caller: Caller): Identity | undefined {
    const { proxy, users } = this.#rules;
    if (proxy === undefined || !contains(this.#trusted, caller.remoteAddress)) return undefined;
    const name = headerOf(caller, proxy.userHeader)?.trim();
    if (name === undefined || name === "" || name === ANONYMOUS) return undefined;
    if (proxy.rolesHeader === undefined) return users.find((user) => user.name === name);
    const written = (headerOf(caller, proxy.rolesHeader) ?? "").split(",");
    const roles = new Set(written.map((role) => role.trim().toLowerCase()));
    const given = GIVEN_ROLES.filter((role) => roles.has(role));
    return { name: name.slice(0, 200), roles: new Set(given) };
  }

  #guardBrowser(caller: Caller, identity: Identity): void {
    const site = headerOf(caller, "sec-fetch-site");
    const changes = caller.method !== "GET" && caller.method !== "HEAD";
    if (changes && (site === "cross-site" || site === "same-site")) {
      throw new AccessRefusal("forbidden", "another site's page must not do that");
    }
    if (identity.name !== ANONYMOUS) return;
    const host = headerOf(caller, "host") ?? headerOf(caller, ":authority");
    if (host !== undefined && !isOwnHost(host, this.#rules.hosts ?? [])) {
      const message = `the host ${host.slice(0, 100)} is none of this station's; name it in access.hosts`;
      throw new AccessRefusal("forbidden", message);
    }
  }

  #unauthorized(message: string, user?: string): AccessRefusal {
    const { users } = this.#rules;
    const challenges = [`Bearer ${REALM}`];
    if (users.some(({ password }) => password !== undefined)) {
      challenges.unshift(`Basic ${REALM}, charset="UTF-8"`);
    }
    return new AccessRefusal("unauthorized", message, { challenges, user });
  }
}

const ANONYMOUS = "anonymous";

function limited(message: string, retryAfterMs: number): AccessRefusal {
  return new AccessRefusal("limited", message, { retryAfterMs });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

function splitOnce(text: string, at: string): [string, string | undefined] {
  const found = text.indexOf(at);
  return found < 0 ? [text, undefined] : [text.slice(0, found), text.slice(found + at.length)];
}

/** Whether a Host is a name of this machine's own: an address, localhost, or one that was given. */
function isOwnHost(host: string, given: readonly string[]): boolean {
  const name = host.replace(/:\d+$/, "");
  if (given.includes("*")) return true;
  if (isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0 || OWN_HOST.test(name)) return true;
  return given.some((each) => each.toLowerCase() === name.toLowerCase());
}

function networks(trusted: readonly string[]): BlockList {
  const list = new BlockList();
  for (const each of trusted) {
    const [address, prefix] = splitOnce(each, "/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function contains(list: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? "ipv6" : "ipv4");
}
