// The body of a request: read with a bound, decompressed with a bound, in a thread of the pool.
//
//   Content-Length over the limit ── 413 before a byte is read
//   bytes over the limit ─────────── 413, the rest is not read
//   gzip, zstd, deflate ──────────── maxOutputLength, so a bomb costs its own size and not what it claims
//
// Refusals are errors with an HTTP status; receivers turn them into their own protocol's words.

import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, inflate, zstdDecompress } from "node:zlib";
import { FlxError, type FlxErrorCode, readSnappy } from "@flx/model";
import type { Admitted } from "./admission.ts";

/** A request that is answered with a status. */
export class RequestRefusal extends FlxError {
  override readonly name = "RequestRefusal";
  readonly status: number;

  constructor(code: FlxErrorCode, status: number, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.status = status;
  }
}

type Unpacker = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

const unpackers: ReadonlyMap<string, Unpacker> = new Map<string, Unpacker>([
  ["gzip", promisify(gunzip)],
  ["deflate", promisify(inflate)],
  ["zstd", promisify(zstdDecompress)],
]);

/**
 * The bytes of a request as they came.
 *
 * @param admitted counts them while they come
 * @throws {RequestRefusal} 413 when there are too many, 400 when it breaks off; {SinkRefusal} when too much is under way
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  admitted: Admitted,
): Promise<Buffer> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Not destroyed when it is left early: the answer goes over the same connection.
    const parts = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const chunk of parts) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      admitted.grow(chunk.length);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof FlxError) throw cause;
    throw new RequestRefusal("FLX_INGEST_BODY", 400, "the body broke off", { cause });
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}

/**
 * The bytes without their compression.
 *
 * @param admitted counts what was inside
 * @throws {RequestRefusal} 415 for another encoding, 413 when there is too much inside, 400 when it is broken
 */
export async function unpack(
  body: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
  admitted?: Admitted,
): Promise<Uint8Array> {
  const plain = await plainOf(body, encoding, maxBytes);
  if (plain !== body) admitted?.grow(plain.length);
  return plain;
}

async function plainOf(
  body: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  const name = encoding === undefined || encoding === "" ? "identity" : encoding.toLowerCase();
  if (name === "identity") return body;
  if (name === "snappy") return unsnap(body, maxBytes);
  const unpacker = unpackers.get(name);
  if (unpacker === undefined) {
    throw new RequestRefusal(
      "FLX_INGEST_ENCODING",
      415,
      `content encoding ${JSON.stringify(name)}`,
    );
  }
  try {
    return await unpacker(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw new RequestRefusal("FLX_INGEST_BODY", 400, `the body is not ${name}`, { cause });
  }
}

function unsnap(body: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return readSnappy(body, maxBytes);
  } catch (cause) {
    if ((cause as FlxError).code === "FLX_SNAPPY_LIMIT") throw tooLarge(maxBytes);
    throw new RequestRefusal("FLX_INGEST_BODY", 400, (cause as Error).message, { cause });
  }
}

function tooLarge(maxBytes: number): RequestRefusal {
  const message = `the body is larger than ${maxBytes} bytes (before or after decompression)`;
  return new RequestRefusal("FLX_INGEST_BODY_LIMIT", 413, message);
}
