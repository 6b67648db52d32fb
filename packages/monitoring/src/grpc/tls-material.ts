// What a TLS connection is made with, read from files. Names say which file holds what, all of them PEM:
//
//              client                                      server
//   caFile     whom to trust; default: the system          who may connect (mTLS); default: anybody
//   certFile   who we are, when the server asks (mTLS)     who we are
//   keyFile    the key to it                               the key to it

import { readFile } from "node:fs/promises";
import { FlxError } from "@flx/model/errors";

/** Files of certificates and keys, in PEM. */
export interface TlsFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** What the files hold. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Reads the files that are named.
 *
 * @throws {FlxError} `FLX_GRPC_TLS_FILES` when one cannot be read, is no PEM, or its other half is missing
 */
export async function readTlsFiles({ caFile, certFile, keyFile }: TlsFiles): Promise<TlsMaterial> {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const [given, missing] = certFile === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new FlxError(
      "FLX_GRPC_TLS_FILES",
      `there is a ${given}File and no ${missing}File; a certificate needs its key`,
    );
  }
  const [ca, cert, key] = await Promise.all([readPem(caFile), readPem(certFile), readPem(keyFile)]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

async function readPem(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new FlxError("FLX_GRPC_TLS_FILES", `cannot read ${file}: ${code ?? "unknown error"}`, {
      cause,
    });
  }
  if (!text.includes("-----BEGIN ")) {
    throw new FlxError("FLX_GRPC_TLS_FILES", `${file} is no PEM file: it has no BEGIN line`);
  }
  return text;
}
