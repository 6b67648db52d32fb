// Certificates that are renewed while the service runs: read again from time to time, taken over when they are good.
//
//   every `everyMs`:  read ──► same bytes?  nothing
//                          └─► do they make a TLS context?  yes: listeners get them
//                                                           no:  the old ones stay, onError hears of it
//
// Why reading and not watching: certificates are replaced by renaming, by swapping a symbolic link two folders up
// (Kubernetes), or file by file, and file watchers miss one or the other. A certificate without its new key is caught by
// the test and taken at the next look.

import { FlxError } from "@flx/model/errors";
import { readTlsFiles, type TlsFiles, type TlsMaterial } from "./tls-material.ts";

/** What is told of certificates that cannot be used. */
export type CertificateErrorListener = (error: FlxError) => void;

/** The certificates in files, kept up to date. */
export class CertificateReload {
  readonly #files: TlsFiles;
  readonly #everyMs: number | undefined;
  readonly #onError: CertificateErrorListener;
  readonly #listeners = new Set<(material: TlsMaterial) => void>();
  #material: TlsMaterial;
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;

  private constructor(
    files: TlsFiles,
    material: TlsMaterial,
    everyMs: number | undefined,
    onError: CertificateErrorListener,
  ) {
    this.#files = files;
    this.#material = material;
    this.#everyMs = everyMs;
    this.#onError = onError;
  }

  /**
   * Reads the files now, and again every `everyMs` milliseconds while somebody listens; undefined: never again.
   *
   * @throws {FlxError} `FLX_GRPC_TLS_FILES` when they cannot be used now
   */
  static async start(
    files: TlsFiles,
    everyMs: number | undefined,
    onError: CertificateErrorListener = () => {},
  ): Promise<CertificateReload> {
    return new CertificateReload(files, await readUsable(files), everyMs, onError);
  }

  /** What the files held when they were last good. */
  get material(): TlsMaterial {
    return this.#material;
  }

  /** Calls the listener with what is new; the function it gives ends that. */
  subscribe(listener: (material: TlsMaterial) => void): () => void {
    this.#listeners.add(listener);
    if (this.#everyMs !== undefined && this.#timer === undefined) {
      this.#timer = setInterval(() => void this.read(), Math.max(this.#everyMs, 10));
      this.#timer.unref();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Reads the files now. What is wrong with them goes to `onError`. */
  async read(): Promise<void> {
    // One reading at a time: a file on a dead network mount must not pile up more of them.
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      const material = await readUsable(this.#files);
      if (isSame(material, this.#material)) return;
      this.#material = material;
      for (const listener of this.#listeners) listener(material);
    } catch (error) {
      this.#onError(error as FlxError);
    } finally {
      this.#isReading = false;
    }
  }
}

async function readUsable(files: TlsFiles): Promise<TlsMaterial> {
  const [material, { createSecureContext }] = await Promise.all([
    readTlsFiles(files),
    import("node:tls"),
  ]);
  try {
    createSecureContext(material);
  } catch (cause) {
    const names = [files.caFile, files.certFile, files.keyFile].filter(
      (name) => name !== undefined,
    );
    throw new FlxError(
      "FLX_GRPC_TLS_FILES",
      `${names.join(", ")} cannot be used together: ${(cause as Error).message}`,
      { cause },
    );
  }
  return material;
}

function isSame(a: TlsMaterial, b: TlsMaterial): boolean {
  return (["ca", "cert", "key"] as const).every((part) => {
    const [one, other] = [a[part], b[part]];
    return one === undefined || other === undefined ? one === other : one.equals(other);
  });
}
