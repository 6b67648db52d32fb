// Plain text on loopback, or TLS when a folder with cert.pem and key.pem is given.
// The certificate signs itself, so clients trust exactly this one.

import { credentials, ServerCredentials, type ChannelCredentials } from "@grpc/grpc-js";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a server shows its clients. */
export function serverCredentials(tlsFolder: string | undefined): ServerCredentials {
  if (tlsFolder === undefined) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(null, [
    {
      cert_chain: readFileSync(join(tlsFolder, "cert.pem")),
      private_key: readFileSync(join(tlsFolder, "key.pem")),
    },
  ]);
}

/** What a client expects of its server. */
export function clientCredentials(tlsFolder: string | undefined): ChannelCredentials {
  if (tlsFolder === undefined) return credentials.createInsecure();
  return credentials.createSsl(readFileSync(join(tlsFolder, "cert.pem")));
}
