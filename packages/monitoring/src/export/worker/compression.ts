// Bodies made smaller before they travel.
//
// One compressor is used for all: what gzip works with are 256 KB, and to take and give them back for each request costs more memory
// than all else in this thread. After each body it is ended as gzip wants it, and reset.

import { promisify } from "node:util";
import { constants, createGzip, type Gzip, type ZlibReset, zstdCompress } from "node:zlib";
import type { OtlpEndpoint } from "../export-settings.ts";

const zstded = promisify(zstdCompress);

/** The body as it travels. */
export async function compressed(
  body: Uint8Array<ArrayBuffer>,
  compression: OtlpEndpoint["compression"],
): Promise<Uint8Array> {
  if (compression === "none") return body;
  return compression === "gzip" ? await gzipped(body) : await zstded(body);
}

/** It can be reset, as all compressors, though only types of others say so. */
type Compressor = Gzip & ZlibReset;

let compressor: Compressor | undefined;
/** The end of what the compressor has to do. */
let busy: Promise<unknown> = Promise.resolve();

/** One after the other, as there is one compressor. */
function gzipped(body: Uint8Array): Promise<Uint8Array> {
  const done = busy.then(() => {
    compressor ??= createGzip({ level: constants.Z_BEST_SPEED }) as Compressor;
    return compress(compressor, body);
  });
  busy = done.catch(() => {
    compressor?.destroy();
    compressor = undefined;
  });
  return done;
}

function compress(gzip: Compressor, body: Uint8Array): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const pieces: Uint8Array[] = [];
  const onData = (piece: Uint8Array): void => {
    pieces.push(piece);
  };
  gzip.on("data", onData).once("error", reject);
  gzip.write(body);
  gzip.flush(constants.Z_FINISH, () => {
    gzip.off("data", onData).off("error", reject);
    if (gzip.destroyed) return;
    gzip.reset();
    resolve(Buffer.concat(pieces));
  });
  return promise;
}
