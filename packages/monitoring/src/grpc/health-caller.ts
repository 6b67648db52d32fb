// Who asks for health, and whether components are for their eyes.
//
//   loopback                    yes, unless a proxy says that it asks for somebody else (forwarded, x-forwarded-for)
//   a client certificate that   yes
//   the server verified (mTLS)
//   the token                   yes
//   anybody else                the state, and nothing of what is behind it

import { createHash, timingSafeEqual } from "node:crypto";

/** Who asks. */
export interface HealthCaller {
  /** undefined when it is not known. */
  readonly remoteAddress: string | undefined;
  /** Whether the TLS layer has verified a certificate of theirs. */
  readonly hasVerifiedCertificate: boolean;
  /** A header of the request; undefined when it has none of that name. */
  header(name: string): string | undefined;
}

/** Whether an address is of this machine only. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const four = address.startsWith("::ffff:") ? address.slice(7) : address;
  return address === "::1" || /^127(?:\.\d{1,3}){3}$/.test(four);
}

/** Decides who sees components; `token` undefined: no token does. */
export function detailsGuard(token: string | undefined): (caller: HealthCaller) => boolean {
  const wanted = token === undefined || token === "" ? undefined : digest(`Bearer ${token}`);
  return (caller) => {
    if (caller.hasVerifiedCertificate) return true;
    const given = caller.header("authorization");
    // Digests have one length, so the time of the comparison tells nothing of the token.
    if (wanted !== undefined && given !== undefined && timingSafeEqual(digest(given), wanted)) {
      return true;
    }
    return isLoopback(caller.remoteAddress) && !isForwarded(caller);
  };
}

function isForwarded(caller: HealthCaller): boolean {
  return ["forwarded", "x-forwarded-for", "x-real-ip"].some(
    (name) => caller.header(name) !== undefined,
  );
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
