// Writes an answer: headers that every answer has, compression where the client takes it, pieces as fast as it reads.

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import type { Answer, AnswerBody } from "./answer.ts";

/** A body that is shorter is sent as it is. */
const MIN_COMPRESSED_LENGTH = 1_400;

/** Small pieces are put together up to this many characters. */
const PIECE_LENGTH = 65_536;

/**
 * Writes an answer to the end, or until the client is gone.
 *
 * @param extraHeaders what every answer of the server has
 */
export async function writeAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  extraHeaders: Readonly<Record<string, string>>,
): Promise<void> {
  const { status, headers = {}, body } = answer;
  const all: Record<string, string | number> = { ...extraHeaders, ...headers };
  const isHead = request.method === "HEAD";
  const isWhole = typeof body === "string" || body instanceof Uint8Array;
  if (isWhole && (isHead || body.length < MIN_COMPRESSED_LENGTH)) {
    if (status !== 204 && status !== 304) {
      all["content-length"] = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    }
    response.writeHead(status, all);
    response.end(isHead || body.length === 0 ? undefined : body);
    return;
  }
  // What has an encoding of its own (snappy) stays as it is.
  const isEncoded = headers["content-encoding"] !== undefined;
  const encoding = isEncoded ? undefined : encodingFor(request.headers["accept-encoding"]);
  all["vary"] = "Accept-Encoding";
  if (encoding !== undefined) all["content-encoding"] = encoding;
  else if (isWhole) {
    all["content-length"] = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  }
  response.writeHead(status, all);
  if (isHead) response.end();
  else await send(response, body, encoding);
}

type Encoding = "gzip" | "zstd";

/** The encoding a client prefers, of those we have; gzip before zstd when it likes them equally. */
export function encodingFor(accepted: string | undefined): Encoding | undefined {
  let best: Encoding | undefined;
  let bestWeight = 0;
  for (const part of (accepted ?? "").slice(0, 1_000).split(",")) {
    const [name = "", ...params] = part.split(";").map((each) => each.trim().toLowerCase());
    if (name !== "gzip" && name !== "zstd") continue;
    const q = params.find((param) => param.startsWith("q="));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (weight > bestWeight || (weight === bestWeight && name === "gzip")) {
      [best, bestWeight] = [name, weight];
    }
  }
  return best;
}

async function send(
  response: ServerResponse,
  body: AnswerBody,
  encoding: Encoding | undefined,
): Promise<void> {
  const target: Writable =
    encoding === undefined
      ? response
      : encoding === "gzip"
        ? createGzip({ level: constants.Z_BEST_SPEED })
        : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const closed = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) closed.abort();
    if (target !== response) target.destroy();
  });
  if (target !== response) {
    target.on("error", () => response.destroy());
    target.pipe(response);
  }
  try {
    for await (const piece of pieces(body)) {
      if (closed.signal.aborted) return;
      if (!target.write(piece)) await once(target, "drain", { signal: closed.signal });
    }
    target.end();
  } catch (error) {
    if (closed.signal.aborted) return;
    target.destroy();
    throw error;
  }
}

async function* pieces(body: AnswerBody): AsyncGenerator<string | Uint8Array> {
  if (typeof body === "string" || body instanceof Uint8Array) {
    yield body;
    return;
  }
  let text = "";
  for await (const piece of body as AsyncIterable<string | Uint8Array>) {
    if (typeof piece === "string") {
      text += piece;
      if (text.length < PIECE_LENGTH) continue;
    }
    if (text !== "") yield text;
    text = "";
    if (typeof piece !== "string") yield piece;
  }
  if (text !== "") yield text;
}
