// Bodies made smaller before they travel.

import { promisify } from "node:util";
import { constants, gzip, zstdCompress } from "node:zlib";
import type { OtlpEndpoint } from "../export-settings.ts";

const gzipped = promisify(gzip);
const zstded = promisify(zstdCompress);

/** The body as it travels. */
export async function compressed(
  body: Uint8Array<ArrayBuffer>,
  compression: OtlpEndpoint["compression"],
): Promise<Uint8Array> {
  if (compression === "none") return body;
  if (compression === "gzip") return await gzipped(body, { level: constants.Z_BEST_SPEED });
  return await zstded(body);
}
