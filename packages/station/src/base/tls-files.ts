// A server's certificate, key and the authorities of its clients, from files; read again when they have changed.
//
//   files ── read ──► check that they belong together ──► node:tls options
//     ▲                                                       │
//     └── poll: size and time of change ── changed? ──────────┘  servers get the new ones for new connections
//
// A certificate that was renewed while its key was not is kept out: the old pair goes on, and the failure is told, until
// both fit. Polled, not watched: renewing tools replace files and links in ways that watches miss.

import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions, type TlsOptions } from "node:tls";
import { FlxError } from "@flx/model";
import { fileFault } from "./file-fault.ts";

/** Where the PEM files are. */
export interface TlsFilePaths {
  readonly cert: string;
  readonly key: string;
  /** Authorities whose client certificates are taken. */
  readonly clientCa?: string | undefined;
}

/** PEM texts. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string | undefined;
}

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads certificate, key and authorities.
 *
 * @throws {FlxError} `FLX_TLS_FILES` when one cannot be read, is larger than 1 MiB, or they do not belong together
 */
export async function readTlsFiles(paths: TlsFilePaths): Promise<TlsMaterial> {
  const [cert, key, clientCa] = await Promise.all([
    readPem(paths.cert),
    readPem(paths.key),
    paths.clientCa === undefined ? undefined : readPem(paths.clientCa),
  ]);
  const material = { cert, key, clientCa };
  try {
    createSecureContext(contextOptions(material));
    if (clientCa !== undefined) assertCertificate(clientCa);
  } catch (cause) {
    const message = `${paths.cert} and ${paths.key} are not a certificate and its key: ${(cause as Error).message}`;
    throw new FlxError("FLX_TLS_FILES", message, { cause });
  }
  return material;
}

/** @throws {Error} when a text is no certificate; node:tls takes any text for authorities */
function assertCertificate(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

/** What node:tls takes. */
export function contextOptions({ cert, key, clientCa }: TlsMaterial): SecureContextOptions {
  return { cert, key, minVersion: "TLSv1.2", ...(clientCa !== undefined && { ca: clientCa }) };
}

/**
 * What a server takes.
 *
 * @param decides whether access control decides about clients: then one without a certificate of ours may come in, and
 *   bring another credential; else it may not
 */
export function serverOptions(material: TlsMaterial, decides: boolean): TlsOptions {
  const options = contextOptions(material);
  if (material.clientCa === undefined) return options;
  return { ...options, requestCert: true, rejectUnauthorized: !decides };
}

async function readPem(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) {
      throw new FlxError("FLX_TLS_FILES", `${path} is larger than ${MAX_FILE_BYTES} bytes`);
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof FlxError) throw error;
    throw new FlxError("FLX_TLS_FILES", `cannot read ${path}: ${fileFault(error)}`, {
      cause: error,
    });
  }
}

/** Told of what happens to the files. */
export interface TlsFilesObserver {
  readonly onChange: (material: TlsMaterial) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Files that are looked at again and again. */
export class TlsFiles implements Disposable {
  readonly #paths: TlsFilePaths;
  readonly #observer: TlsFilesObserver;
  readonly #timer: NodeJS.Timeout;
  #seen: string;
  #failed = "";
  #looking: Promise<void> | undefined;

  private constructor(
    paths: TlsFilePaths,
    seen: string,
    observer: TlsFilesObserver,
    everyMs: number,
  ) {
    this.#paths = paths;
    this.#seen = seen;
    this.#observer = observer;
    this.#timer = setInterval(() => void this.check(), everyMs).unref();
  }

  /**
   * Reads the files and goes on looking at them.
   *
   * @throws {FlxError} `FLX_TLS_FILES` as `readTlsFiles` does
   */
  static async open(
    paths: TlsFilePaths,
    observer: TlsFilesObserver,
    everyMs = 10_000,
  ): Promise<{ readonly files: TlsFiles; readonly material: TlsMaterial }> {
    const seen = await stampOf(paths);
    const material = await readTlsFiles(paths);
    return { files: new TlsFiles(paths, seen, observer, everyMs), material };
  }

  /** Looks now. Resolves when it is done; never rejects. */
  check(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const stamp = await stampOf(this.#paths);
    if (stamp === this.#seen) return;
    try {
      const material = await readTlsFiles(this.#paths);
      this.#seen = stamp;
      this.#observer.onChange(material);
    } catch (error) {
      // Told once for each state of the files; asked again until they fit.
      if (stamp !== this.#failed) this.#observer.onFailure(error);
      this.#failed = stamp;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

async function stampOf({ cert, key, clientCa }: TlsFilePaths): Promise<string> {
  const paths = [cert, key, ...(clientCa === undefined ? [] : [clientCa])];
  const stamps = paths.map(async (path) => {
    try {
      const { mtimeMs, size, ino } = await stat(path);
      return `${mtimeMs} ${size} ${ino}`;
    } catch {
      return "none";
    }
  });
  return (await Promise.all(stamps)).join(", ");
}
