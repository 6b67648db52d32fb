// SCRAM-SHA-256: proving a password without sending it, and having the server prove that it knows it, too.
//
//   client-first   n,,n=user,r=nonce
//   server-first   r=nonce+theirs,s=salt,i=iterations
//   client-final   c=biws,r=nonce+theirs,p=proof
//   server-final   v=signature                              a server that does not know the password cannot make it
//
// The salted password costs thousands of hash rounds and is the same at every login until the password changes, so a
// check that logs in each ten seconds keeps it. Rounds are bounded: the number comes from the server.
//
// Source: RFC 5802, RFC 7677. Names and passwords are normalised by NFKC, the part of SASLprep that matters in practice.
// Used by PostgreSQL, MongoDB and Kafka.

import { promisify } from "node:util";
import { CheckError } from "./check-error.ts";

const MAX_ITERATIONS = 500_000;

/** The last salted password, for the next login. */
export interface ScramCache {
  key?: string;
  salted?: Buffer;
}

/** One login. */
export interface ScramLogin {
  /** The name as the protocol wants it: PostgreSQL ignores it. */
  readonly user: string;
  readonly password: string;
  /** Who refuses, for errors. */
  readonly at: string;
  readonly cache: ScramCache;
  /** Random, for tests. */
  readonly nonce?: string;
}

/** What is said first, and how to go on. */
export class Scram {
  readonly #login: ScramLogin;
  readonly #nonce: string;
  readonly #bare: string;
  #signature: Buffer | undefined;

  constructor(login: ScramLogin) {
    this.#login = login;
    this.#nonce = login.nonce ?? crypto.randomUUID().replaceAll("-", "");
    const name = login.user.replaceAll("=", "=3D").replaceAll(",", "=2C");
    this.#bare = `n=${name},r=${this.#nonce}`;
  }

  first(): string {
    return `n,,${this.#bare}`;
  }

  /**
   * The answer to the server's first message.
   *
   * @throws {CheckError} `FLX_CHECK_PROTOCOL`
   */
  async final(serverFirst: string): Promise<string> {
    const { createHash, createHmac } = await import("node:crypto");
    const hmac = (key: Buffer, text: string): Buffer =>
      createHmac("sha256", key).update(text).digest();
    const given = fields(serverFirst);
    const nonce = given.get("r") ?? "";
    const salt = Buffer.from(given.get("s") ?? "", "base64");
    const iterations = /^\d{1,9}$/.test(given.get("i") ?? "") ? Number(given.get("i")) : 0;
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw this.#wrong("a nonce that is not ours");
    }
    if (salt.length === 0 || iterations < 1 || iterations > MAX_ITERATIONS) {
      throw this.#wrong(`no salt, or not 1 to ${MAX_ITERATIONS} rounds`);
    }
    const salted = await this.#salted(salt, iterations);
    const clientKey = hmac(salted, "Client Key");
    const storedKey = createHash("sha256").update(clientKey).digest();
    const withoutProof = `c=biws,r=${nonce}`;
    const everything = `${this.#bare},${serverFirst},${withoutProof}`;
    const signature = hmac(storedKey, everything);
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!));
    this.#signature = hmac(hmac(salted, "Server Key"), everything);
    return `${withoutProof},p=${proof.toString("base64")}`;
  }

  /**
   * Whether the server knows the password, too.
   *
   * @throws {CheckError} `FLX_CHECK_LOGIN`
   */
  async verify(serverFinal: string): Promise<void> {
    const { timingSafeEqual } = await import("node:crypto");
    const given = Buffer.from(fields(serverFinal).get("v") ?? "", "base64");
    const wanted = this.#signature;
    if (wanted?.length === given.length && timingSafeEqual(wanted, given)) return;
    const text = `${this.#login.at} did not prove that it knows the password: is it the right server?`;
    throw new CheckError("FLX_CHECK_LOGIN", text);
  }

  async #salted(salt: Buffer, iterations: number): Promise<Buffer> {
    const { createHash, pbkdf2 } = await import("node:crypto");
    const { cache, password } = this.#login;
    const hash = createHash("sha256").update(password).digest("base64");
    const key = `${salt.toString("base64")} ${iterations} ${hash}`;
    if (cache.key !== key || cache.salted === undefined) {
      const derive = promisify(pbkdf2);
      cache.salted = await derive(password.normalize("NFKC"), salt, iterations, 32, "sha256");
      cache.key = key;
    }
    return cache.salted;
  }

  #wrong(what: string): CheckError {
    return new CheckError("FLX_CHECK_PROTOCOL", `${this.#login.at} began SCRAM with ${what}`);
  }
}

function fields(message: string): ReadonlyMap<string, string> {
  return new Map(message.split(",").map((part) => [part.slice(0, 1), part.slice(2)]));
}
