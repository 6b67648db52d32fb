// Chunks of a body, compressed as they are sent. zlib works in threads of its own and is loaded with the first body
// that needs it.
//
//   5.4 MB of counters    gzip 1   21 ms  524 KB        zstd 1   18 ms  456 KB
//                         gzip 3   21 ms  457 KB        zstd 3   20 ms  419 KB
//                         gzip 6   52 ms  416 KB

import type { Transform } from "node:stream";
import type * as Zlib from "node:zlib";
import type { ContentCoding } from "../negotiation.ts";

const GZIP_LEVEL = 3;
const ZSTD_LEVEL = 3;

const zlib = (): typeof Zlib => process.getBuiltinModule("node:zlib");

let codings: readonly ContentCoding[] | undefined;

/** What this Node can compress with, the best first. */
export function availableCodings(): readonly ContentCoding[] {
  codings ??= typeof zlib().createZstdCompress === "function" ? ["zstd", "gzip"] : ["gzip"];
  return codings;
}

/** A stream that compresses; `undefined` for none. */
export function compressor(coding: ContentCoding): Transform | undefined {
  switch (coding) {
    case "gzip":
      return zlib().createGzip({ level: GZIP_LEVEL });
    case "zstd": {
      const { constants, createZstdCompress } = zlib();
      return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
    }
    case "identity":
      return undefined;
    default:
      return coding satisfies never;
  }
}
