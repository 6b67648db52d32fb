// What goes wrong while a check talks with a server, worded for the person who reads it at night.
//
//   FLX_CHECK_CONNECT    nobody there: refused, no route, no such name, no such socket
//   FLX_CHECK_TLS        somebody there, but no trusted encryption with them
//   FLX_CHECK_LOGIN      they do not take our credentials
//   FLX_CHECK_ANSWER     they answer that something is wrong
//   FLX_CHECK_PROTOCOL   they answer what their protocol does not allow, or break off
//   FLX_CHECK_LIMIT      they answer more than a check reads
//   FLX_CHECK_DEADLINE   they do not answer in time
//   FLX_CHECK_OPTIONS    the check itself was made with options that cannot work
//
// No `cause` is kept: errors of sockets and of URL parsing carry addresses and whole URLs, with the password in them.

import { FlxError } from "@flx/model/write";

/** The codes of {@link CheckError}. */
export type CheckErrorCode =
  | "FLX_CHECK_CONNECT"
  | "FLX_CHECK_TLS"
  | "FLX_CHECK_LOGIN"
  | "FLX_CHECK_ANSWER"
  | "FLX_CHECK_PROTOCOL"
  | "FLX_CHECK_LIMIT"
  | "FLX_CHECK_DEADLINE"
  | "FLX_CHECK_OPTIONS";

/** Why a check of this package failed. The message never holds a password. */
export class CheckError extends FlxError {
  override readonly name = "CheckError";
  declare readonly code: CheckErrorCode;

  constructor(code: CheckErrorCode, message: string) {
    // What a server said may have been cut inside of a character.
    super(code, message.toWellFormed());
  }
}

/** The words for system errors; `at` is the address as text. */
const connectWords: Readonly<Record<string, (at: string) => string>> = {
  ECONNREFUSED: (at) => `connection refused by ${at}`,
  ENOENT: (at) => `there is no socket ${at}`,
  EACCES: (at) => `no permission to connect to ${at}`,
  EPERM: (at) => `no permission to connect to ${at}`,
  ENOTSOCK: (at) => `${at} is not a socket`,
  ENOTFOUND: (at) => `no address found for ${at}`,
  EAI_AGAIN: (at) => `no address found for ${at}: the name server does not answer`,
  EHOSTUNREACH: (at) => `no route to ${at}`,
  ENETUNREACH: (at) => `no route to ${at}`,
  EADDRNOTAVAIL: (at) => `no local address to reach ${at} from`,
  ETIMEDOUT: (at) => `${at} does not answer`,
  EMFILE: (at) => `no file descriptor left to connect to ${at}`,
};

/**
 * The error of a socket in words.
 *
 * @param error     what the socket threw
 * @param at        the address, as a person writes it
 * @param awaited   what was being waited for: "its greeting"
 */
export function socketError(error: unknown, at: string, awaited: string): CheckError {
  if (error instanceof CheckError) return error;
  const code = codeOf(error);
  const words = connectWords[code];
  if (words !== undefined) return new CheckError("FLX_CHECK_CONNECT", words(at));
  if (code === "ECONNRESET" || code === "EPIPE" || code === "ECONNABORTED") {
    const text = `${at} broke the connection off while we waited for ${awaited}`;
    return new CheckError("FLX_CHECK_PROTOCOL", text);
  }
  if (code.startsWith("HPE_")) {
    return new CheckError("FLX_CHECK_PROTOCOL", `${at} does not answer in HTTP (${code})`);
  }
  return tlsError(code, at) ?? new CheckError("FLX_CHECK_CONNECT", `cannot talk to ${at}: ${code}`);
}

/** Certificate codes are those of OpenSSL, as Node gives them. */
const certificateWords: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet",
  CERT_REVOKED: "it was revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is signed by itself and not among the trusted ones",
  SELF_SIGNED_CERT_IN_CHAIN: "its chain ends with an authority that is not trusted",
  UNABLE_TO_GET_ISSUER_CERT: "its issuer is not trusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its issuer is not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its issuer is not trusted",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another host name",
};

/** Why a certificate is not trusted, in words. */
export function certificateProblem(code: string): string {
  return certificateWords[code] ?? code;
}

function tlsError(code: string, at: string): CheckError | undefined {
  if (code in certificateWords) {
    const text = `the certificate of ${at} is refused: ${certificateProblem(code)}`;
    return new CheckError("FLX_CHECK_TLS", text);
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return new CheckError("FLX_CHECK_TLS", `${at} does not speak TLS on this port`);
  }
  const isTls = code.startsWith("ERR_SSL") || code.startsWith("ERR_TLS") || code === "EPROTO";
  return isTls ? new CheckError("FLX_CHECK_TLS", `no TLS with ${at}: ${code}`) : undefined;
}

/** The code of a system error; of several addresses tried, that of the first. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : "unknown error";
}

/** `value` must not be undefined; says what else was expected. */
export function optionsError(text: string): CheckError {
  return new CheckError("FLX_CHECK_OPTIONS", text);
}
