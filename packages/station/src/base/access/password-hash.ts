// Passwords are kept as scrypt hashes, in the text form of the PHC string format:
//
//   $scrypt$ln=15,r=8,p=1$<salt>$<hash>      base64 without padding; ln: log2 of N; 32 MiB and about 60 ms each
//
// The costs stand in the text, so a later default harms no hash that exists. They are bounded: who can write the
// configuration must not be able to take the machine's memory by a slip.
//
// Sources: RFC 7914; https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md

import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { FlxError } from "@flx/model";

/** A password's hash, and what it was made with. */
export interface PasswordHash {
  /** log2 of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const DEFAULT = { ln: 15, r: 8, p: 1 } as const;
const MAX_MEMORY = 256 * 1024 * 1024;
const MAX_PASSWORD_LENGTH = 1_024;

/**
 * The text to keep for a password.
 *
 * @throws {FlxError} `FLX_ACCESS_PASSWORD` when it is empty or longer than 1,024 characters
 */
export async function hashPassword(password: string): Promise<string> {
  if (password === "" || password.length > MAX_PASSWORD_LENGTH) {
    throw new FlxError(
      "FLX_ACCESS_PASSWORD",
      `a password has 1 to ${MAX_PASSWORD_LENGTH} characters`,
    );
  }
  const salt = randomBytes(16);
  const hash = await derive(password, { ...DEFAULT, salt, length: 32 });
  return `$scrypt$ln=${DEFAULT.ln},r=${DEFAULT.r},p=${DEFAULT.p}$${base64(salt)}$${base64(hash)}`;
}

/**
 * Reads a hash from its text.
 *
 * @throws {FlxError} `FLX_ACCESS_PASSWORD` when it is none, or asks for more than 256 MiB
 */
export function parsePasswordHash(text: string): PasswordHash {
  const found =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,172})$/.exec(
      text,
    );
  if (found === null) {
    throw new FlxError(
      "FLX_ACCESS_PASSWORD",
      "not a hash of a password; make one with: flx hash-password",
    );
  }
  const [ln, r, p] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const isBounded = ln >= 10 && r >= 1 && p >= 1 && p <= 16 && 128 * r * 2 ** ln <= MAX_MEMORY;
  if (!isBounded) {
    throw new FlxError(
      "FLX_ACCESS_PASSWORD",
      `a hash with ln=${ln}, r=${r}, p=${p} is weaker or costs more than is allowed (ln >= 10, p <= 16, 256 MiB)`,
    );
  }
  return {
    ln,
    r,
    p,
    salt: Buffer.from(found[4]!, "base64"),
    hash: Buffer.from(found[5]!, "base64"),
  };
}

/** Whether a password is the one that was hashed; off the main thread. */
export async function verifyPassword(password: string, known: PasswordHash): Promise<boolean> {
  if (password.length > MAX_PASSWORD_LENGTH) return false;
  const hash = await derive(password, { ...known, length: known.hash.length });
  return timingSafeEqual(hash, known.hash);
}

function derive(
  password: string,
  made: Omit<PasswordHash, "hash"> & { readonly length: number },
): Promise<Buffer> {
  const { ln, r, p, salt, length } = made;
  const options = { N: 2 ** ln, r, p, maxmem: 2 * MAX_MEMORY };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, length, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function base64(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}
