// TLS for grpc-js clients and servers from files, with certificates that may be renewed while the process runs.
//
//                               caFile                         certFile, keyFile
//   secureChannelCredentials    whom to trust (else: system)   who we are, for servers that ask (mTLS)
//   secureServerCredentials     who may connect (mTLS)         who we are
//
// Without `reloadEveryMs` these are grpc-js' ordinary credentials. With it, grpc-js takes certificates from a provider,
// which is ours: unlike the file watcher that comes with grpc-js, it goes on with the old certificates when the new
// files cannot be used.

import type { PeerCertificate } from "node:tls";
import type { ChannelCredentials, experimental, ServerCredentials } from "@grpc/grpc-js";
import { FlxError } from "@flx/model/errors";
import { type CertificateErrorListener, CertificateReload } from "./certificate-reload.ts";
import { loadGrpcJs } from "./load-grpc-js.ts";
import type { TlsFiles, TlsMaterial } from "./tls-material.ts";

/** How often files are looked at again. */
export interface ReloadOptions {
  /** Milliseconds after which the files are looked at again (default: never). Needs grpc-js 1.13. */
  readonly reloadEveryMs?: number;
  /** Told of new files that cannot be used; the old ones stay. */
  readonly onReloadError?: CertificateErrorListener;
}

/** The TLS of a client. */
export interface SecureChannelOptions extends TlsFiles, ReloadOptions {
  /**
   * The name the server's certificate must have, when it is not the host's. A server that has several certificates is
   * told which one by the channel option `grpc.ssl_target_name_override`.
   */
  readonly serverName?: string;
}

/** The TLS of a server. */
export interface SecureServerOptions extends ReloadOptions {
  readonly certFile: string;
  readonly keyFile: string;
  /** Who signs the certificates of clients; with it, a client without one is refused (mTLS). */
  readonly caFile?: string;
}

/**
 * Credentials for grpc-js clients.
 *
 * @throws {FlxError} `FLX_GRPC_TLS_FILES` when the files cannot be used, `FLX_GRPC_JS` without a grpc-js that can
 */
export async function secureChannelCredentials(
  options: SecureChannelOptions = {},
): Promise<ChannelCredentials> {
  const { serverName } = options;
  const { credentials, experimental: more } = await loadGrpcJs();
  const { checkServerIdentity, rootCertificates } = await import("node:tls");
  const reload = await CertificateReload.start(
    options,
    options.reloadEveryMs,
    options.onReloadError,
  );
  const verify =
    serverName === undefined
      ? {}
      : {
          checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
            checkServerIdentity(serverName, certificate),
        };
  const { ca = null, key = null, cert = null } = reload.material;
  if (options.reloadEveryMs === undefined) return credentials.createSsl(ca, key, cert, verify);
  const provider = new ReloadingProvider(reload, rootCertificates);
  const identity = cert === null ? null : provider;
  return providing(more.createCertificateProviderChannelCredentials)(provider, identity, verify);
}

/**
 * Credentials for grpc-js servers.
 *
 * @throws {FlxError} `FLX_GRPC_TLS_FILES` when the files cannot be used, `FLX_GRPC_JS` without a grpc-js that can
 */
export async function secureServerCredentials(
  options: SecureServerOptions,
): Promise<ServerCredentials> {
  const grpc = await loadGrpcJs();
  const reload = await CertificateReload.start(
    options,
    options.reloadEveryMs,
    options.onReloadError,
  );
  const { key, cert } = reload.material as Required<TlsMaterial>;
  const wantsCertificate = options.caFile !== undefined;
  if (options.reloadEveryMs === undefined) {
    const pair = { private_key: key, cert_chain: cert };
    return grpc.ServerCredentials.createSsl(reload.material.ca ?? null, [pair], wantsCertificate);
  }
  const provider = new ReloadingProvider(reload, []);
  const make = providing(grpc.experimental.createCertificateProviderServerCredentials);
  return make(provider, wantsCertificate ? provider : null, wantsCertificate);
}

/** Only newer versions have it. */
function providing<Make>(make: Make | undefined): Make {
  if (make !== undefined) return make;
  throw new FlxError("FLX_GRPC_JS", "reloadEveryMs needs @grpc/grpc-js 1.13 or newer");
}

type Provider = experimental.CertificateProvider;

/** Our certificates in the form grpc-js asks for them. */
class ReloadingProvider implements Provider {
  readonly #reload: CertificateReload;
  readonly #roots: readonly string[];
  readonly #ends = new Map<unknown, () => void>();

  /** @param roots who is trusted when the files do not say */
  constructor(reload: CertificateReload, roots: readonly string[]) {
    this.#reload = reload;
    this.#roots = roots;
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    const tell = ({ ca }: TlsMaterial): void =>
      listener({ caCertificate: ca ?? Buffer.from(this.#roots.join("\n")) });
    this.#add(listener, tell);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    const tell = ({ cert, key }: TlsMaterial): void => {
      if (cert !== undefined && key !== undefined) listener({ certificate: cert, privateKey: key });
    };
    this.#add(listener, tell);
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#remove(listener);
  }

  removeIdentityCertificateListener(
    listener: experimental.IdentityCertificateUpdateListener,
  ): void {
    this.#remove(listener);
  }

  #add(listener: unknown, tell: (material: TlsMaterial) => void): void {
    this.#ends.set(listener, this.#reload.subscribe(tell));
    // Not at once: grpc-js is not yet listening to its own listener then.
    process.nextTick(() => tell(this.#reload.material));
  }

  #remove(listener: unknown): void {
    this.#ends.get(listener)?.();
    this.#ends.delete(listener);
  }
}
