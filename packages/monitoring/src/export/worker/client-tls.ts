// The files of a TLS client: certificate, key, authorities; read again when they have changed.
//
//   before a request, every 10 s and after one that failed:
//                                          size and times of the files ── as before? the same parts go on
//                                                                      └─ changed? read ─► fit together? the new ones
//                                                                                       └─► no: the old ones go on, and it is told
//
// No timer: a connection is all that they are for, so it is looked when one may be made. Not watched: files are renewed by renaming,
// through links two folders up (Kubernetes), or one by one, and watches miss one or the other. A certificate without its new key
// does not fit, and is taken with it at the next look.

import { readFileSync, statSync } from "node:fs";
import type { OtlpTls } from "../export-settings.ts";

/** What node:tls takes. */
export interface TlsParts {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Told why renewed files are not used, once for each state of them; undefined: they are. */
export type CertificateListener = (fault: string | undefined) => void;

const LOOK_MS = 10_000;
/** A PEM file that is larger is none. */
const MAX_BYTES = 1024 * 1024;

/** The files of one endpoint. */
export class ClientTls {
  readonly #files: OtlpTls;
  readonly #tell: CertificateListener;
  readonly #now: () => number;
  #parts: TlsParts;
  #stamp: string;
  #fault = "";
  #lookedMs: number;

  /**
   * @param now a clock, in milliseconds
   * @throws {Error} when a file cannot be read
   */
  constructor(
    files: OtlpTls,
    tell: CertificateListener,
    now: () => number = () => performance.now(),
  ) {
    this.#files = files;
    this.#tell = tell;
    this.#now = now;
    this.#lookedMs = now();
    this.#stamp = stampOf(files);
    this.#parts = read(files);
  }

  /** The parts for a connection that is made now; the same object as long as nothing has changed. */
  get parts(): TlsParts {
    if (this.#now() - this.#lookedMs >= LOOK_MS) this.#look();
    return this.#parts;
  }

  /** A request has failed: before the next one it is looked, however soon that is. */
  doubt(): void {
    this.#lookedMs = -Infinity;
  }

  #look(): void {
    this.#lookedMs = this.#now();
    try {
      const stamp = stampOf(this.#files);
      if (stamp !== this.#stamp) {
        const parts = read(this.#files);
        assertUsable(parts);
        this.#parts = parts;
        this.#stamp = stamp;
      }
      this.#note("");
    } catch (error) {
      this.#note(error instanceof Error ? error.message : String(error));
    }
  }

  #note(fault: string): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    const { caFile, certFile, keyFile } = this.#files;
    const names = [caFile, certFile, keyFile].filter((name) => name !== undefined).join(", ");
    this.#tell(fault === "" ? undefined : `${names} cannot be used: ${fault}`);
  }
}

function read({ caFile, certFile, keyFile }: OtlpTls): TlsParts {
  return {
    ...(caFile === undefined ? {} : { ca: readPem(caFile) }),
    ...(certFile === undefined ? {} : { cert: readPem(certFile) }),
    ...(keyFile === undefined ? {} : { key: readPem(keyFile) }),
  };
}

function readPem(path: string): Buffer {
  if (statSync(path).size > MAX_BYTES) throw new Error(`${path} has more than ${MAX_BYTES} bytes`);
  return readFileSync(path);
}

/** @throws {Error} when they do not fit together, or authorities are none: node:tls takes any text for those */
function assertUsable(parts: TlsParts): void {
  // Not imported: TLS takes 4 MB, and is loaded when there is a connection that needs it.
  process.getBuiltinModule("node:tls").createSecureContext(parts);
  if (parts.ca !== undefined) assertCertificate(parts.ca);
}

function assertCertificate(pem: Buffer): unknown {
  return new (process.getBuiltinModule("node:crypto").X509Certificate)(pem);
}

function stampOf({ caFile, certFile, keyFile }: OtlpTls): string {
  return [caFile, certFile, keyFile]
    .map((path) => {
      if (path === undefined) return "";
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats === undefined ? "none" : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
    })
    .join(",");
}
