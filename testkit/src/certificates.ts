// An authority of its own for a test, and the certificates it signs: for servers, and for clients that prove who they are.
//
//   authority ── issue({ commonName: "localhost", names: ["DNS:localhost", "IP:127.0.0.1"] }) ─► cert.pem, key.pem
//
// Made by the openssl command in a temporary folder that is gone afterwards.

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const run = promisify(execFile);
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A certificate and its key, PEM. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What stands in a certificate. */
export interface CertificateSubject {
  readonly commonName: string;
  /** As openssl takes them: `DNS:localhost`, `IP:127.0.0.1`, `URI:spiffe://a/b`. */
  readonly names?: readonly string[];
}

/** Signs certificates. */
export class TestAuthority implements AsyncDisposable {
  /** What clients and servers trust, PEM. */
  readonly cert: string;
  readonly #openssl: string;
  readonly #folder: TemporaryFolder;
  #issued = 0;

  private constructor(openssl: string, folder: TemporaryFolder, cert: string) {
    this.#openssl = openssl;
    this.#folder = folder;
    this.cert = cert;
  }

  /** @param openssl path of the command */
  static async create(openssl: string, commonName = "test authority"): Promise<TestAuthority> {
    const folder = await temporaryFolder("authority");
    const [key, cert] = [join(folder.path, "ca.key"), join(folder.path, "ca.pem")];
    const subject = ["-subj", `/CN=${commonName}`, "-days", "30"];
    await run(openssl, ["req", "-x509", ...NEW_KEY, ...subject, "-keyout", key, "-out", cert]);
    return new TestAuthority(openssl, folder, await readFile(cert, "utf8"));
  }

  /** A certificate for a server or client. */
  async issue({ commonName, names = [] }: CertificateSubject): Promise<IssuedCertificate> {
    const base = join(this.#folder.path, `issued-${++this.#issued}`);
    const [key, request, cert] = [`${base}.key`, `${base}.csr`, `${base}.pem`];
    const subject = ["-subj", `/CN=${commonName}`];
    await run(this.#openssl, ["req", ...NEW_KEY, ...subject, "-keyout", key, "-out", request]);
    const extensions = `${base}.ext`;
    await writeFile(extensions, names.length === 0 ? "" : `subjectAltName=${names.join(",")}\n`);
    const authority = [
      ["-CA", join(this.#folder.path, "ca.pem")],
      ["-CAkey", join(this.#folder.path, "ca.key"), "-CAcreateserial"],
    ].flat();
    const sign = ["x509", "-req", "-in", request, ...authority, "-days", "30"];
    await run(this.#openssl, [...sign, "-extfile", extensions, "-out", cert]);
    return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}
