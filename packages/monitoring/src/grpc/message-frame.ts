// gRPC puts five bytes before each message; here a stream may carry exactly one message.
//
//   byte 0      1 when the message is compressed
//   bytes 1-4   its length, big endian
//
// A length is believed only up to a limit, and nothing is allocated for it: chunks are kept as they come.

import { FlxError } from "@flx/model/errors";

const HEAD_BYTES = 5;

/** The message with its five bytes before it. */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEAD_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, HEAD_BYTES);
  return framed;
}

/** Collects the one message of a stream. */
export class MessageFrame {
  readonly #maxBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #received = 0;

  /** @param maxBytes the longest message that is taken */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next bytes of the stream.
   *
   * @throws {FlxError} `FLX_GRPC_LIMIT` when there are more than one message of `maxBytes` can have
   */
  push(chunk: Uint8Array): void {
    this.#received += chunk.length;
    if (this.#received > HEAD_BYTES + this.#maxBytes) {
      throw new FlxError("FLX_GRPC_LIMIT", `the message has more than ${this.#maxBytes} bytes`);
    }
    this.#chunks.push(chunk);
  }

  /**
   * The message, once the stream has ended; undefined when nothing came.
   *
   * @throws {FlxError} `FLX_GRPC_MESSAGE` when the bytes are not one uncompressed message
   */
  take(): Buffer | undefined {
    if (this.#received === 0) return undefined;
    const bytes = Buffer.concat(this.#chunks);
    if (bytes.length < HEAD_BYTES) refuse("the stream ended in the head of a message");
    if (bytes[0] !== 0) refuse("the message is compressed, which nobody asked for");
    if (bytes.readUInt32BE(1) !== bytes.length - HEAD_BYTES) {
      refuse("the message has another length than it says");
    }
    return bytes.subarray(HEAD_BYTES);
  }
}

function refuse(message: string): never {
  throw new FlxError("FLX_GRPC_MESSAGE", message);
}
