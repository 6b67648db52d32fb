// A client of HTTP/2 that keeps none of its rules: frames as bytes, in any order and number. For tests of servers that hostile
// peers talk to; a client that behaves is node:http2.
//
//   length(24) type(8) flags(8) stream(31)  payload
//
// Header blocks are literals without Huffman and without a table: 0x00 length name length value.
//
// Source: RFC 9113, RFC 7541

import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Types of frames. */
export const Http2Frame = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames. */
export const Http2Flag = { endStream: 1, ack: 1, endHeaders: 4 } as const;

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD = 9;

/** A frame that came. */
export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Where to connect, and from where. */
export interface RawHttp2Options {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The address of this end. */
  readonly localAddress?: string;
  /** Default true: say the preface and empty settings. */
  readonly greets?: boolean;
}

/** A connection. */
export class RawHttp2 implements Disposable {
  readonly socket: Socket;
  /** Settles when the connection is closed by either end, in whatever way. */
  readonly closed: Promise<void>;
  /** What came: the last 100. */
  readonly frames: ReceivedFrame[] = [];
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => void socket.once("close", () => resolve()));
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
  }

  /** Connects. Rejects when nobody listens. */
  static async connect(options: RawHttp2Options): Promise<RawHttp2> {
    const { port, host = "127.0.0.1", localAddress, greets = true } = options;
    const socket = connect({ port, host, ...(localAddress !== undefined && { localAddress }) });
    await once(socket, "connect");
    const raw = new RawHttp2(socket);
    if (greets) {
      raw.write(Buffer.from(PREFACE));
      raw.write(frame(Http2Frame.settings, 0, 0));
    }
    return raw;
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  /** The error code of the last GOAWAY; undefined when none came. */
  get goAwayCode(): number | undefined {
    return this.frames.findLast(({ type }) => type === Http2Frame.goAway)?.payload.readUInt32BE(4);
  }

  /** Writes bytes; what is written to a closed connection is lost. */
  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** Writes bytes and waits while the other end does not read; resolves also when the connection closes. */
  async writeAll(bytes: Uint8Array): Promise<void> {
    if (this.socket.destroyed || this.socket.write(bytes)) return;
    const drained = new Promise<void>((resolve) => void this.socket.once("drain", resolve));
    await Promise.race([drained, this.closed]);
  }

  #received(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= HEAD) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < HEAD + length) return;
      this.frames.push({
        type: this.#rest[3]!,
        flags: this.#rest[4]!,
        stream: this.#rest.readUInt32BE(5) & 0x7fff_ffff,
        payload: this.#rest.subarray(HEAD, HEAD + length),
      });
      if (this.frames.length > 100) this.frames.shift();
      this.#rest = this.#rest.subarray(HEAD + length);
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** One frame as bytes. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const bytes = Buffer.alloc(HEAD + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, HEAD);
  return bytes;
}

/** A header block; names and values of up to 126 bytes. */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    parts.push(Buffer.of(0, name.length), Buffer.from(name));
    parts.push(Buffer.of(value.length), Buffer.from(value));
  }
  return Buffer.concat(parts);
}
