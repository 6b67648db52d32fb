// A talk over a real socket: TCP, unix or TLS.
//
//   connect ── TLS? ── the plug-in asks ── goodbye ── destroyed
//      │                    │
//      └────────────────────┴── signal aborted, error, end: whoever waits is told why; destroyed
//
// The socket is never left: not when the plug-in throws, not when the deadline comes while a name is looked up. It is
// read only when the plug-in waits for bytes (Node's buffer and TCP hold the rest back).
//
// node:net and node:tls are loaded when the first check runs: a service that imports the plug-ins and uses none of them
// pays for none.

import type { Socket } from "node:net";
import { CheckError, socketError } from "./check-error.ts";
import type { Endpoint } from "./endpoint.ts";
import type { CheckContext } from "../health-check.ts";
import { Secrets } from "./server-text.ts";
import { type ByteStream, Talk } from "./talk.ts";

/** How a conversation is held. */
export interface TalkOptions {
  /** TLS from the first byte (default: when the endpoint has TLS). False: the plug-in calls `startTls()`. */
  readonly tlsAtOnce?: boolean;
  /** Bytes to read in all. Default 256 KiB. */
  readonly maxBytes?: number;
  /** What must never be shown. */
  readonly secrets?: Secrets;
}

/**
 * Connects, lets `ask` talk and closes the socket: after what was written is sent when all went well, at once when not.
 *
 * @throws {CheckError} whatever went wrong, in words
 */
export async function converse<T>(
  endpoint: Endpoint,
  context: CheckContext,
  ask: (talk: Talk) => Promise<T>,
  options: TalkOptions = {},
): Promise<T> {
  const { tlsAtOnce = true, maxBytes = 256 * 1024, secrets = new Secrets() } = options;
  const stream = new SocketStream(endpoint, context);
  try {
    await stream.connect();
    if (tlsAtOnce && endpoint.tls !== undefined) await stream.startTls();
    const result = await ask(new Talk(stream, secrets, maxBytes));
    stream.finish();
    return result;
  } finally {
    stream.close();
  }
}

class SocketStream implements ByteStream {
  readonly at: string;
  readonly #endpoint: Endpoint;
  readonly #context: CheckContext;
  #socket: Socket | undefined;
  #failure: unknown;
  #isOver = false;
  #isFinished = false;
  #isEncrypted = false;
  #wake: (() => void) | undefined;

  constructor(endpoint: Endpoint, context: CheckContext) {
    this.at = endpoint.at;
    this.#endpoint = endpoint;
    this.#context = context;
    context.signal.addEventListener("abort", this.#abort);
  }

  get isEncrypted(): boolean {
    return this.#isEncrypted;
  }

  get isPrivate(): boolean {
    const address = this.#socket?.remoteAddress ?? "";
    const isHere =
      address === "::1" || address.startsWith("127.") || address === "::ffff:127.0.0.1";
    return this.#isEncrypted || this.#endpoint.path !== undefined || isHere;
  }

  async connect(): Promise<void> {
    const { connect } = await import("node:net");
    this.#throwIfOver("a connection");
    const { host, port, path } = this.#endpoint;
    const socket = path === undefined ? connect({ host, port, noDelay: true }) : connect({ path });
    let isConnected = false;
    socket.once("connect", () => {
      isConnected = true;
      this.#woken();
    });
    this.#use(socket);
    await this.#until(() => isConnected, "a connection");
    socket.on("readable", this.#woken);
  }

  async startTls(): Promise<void> {
    const { connect } = await import("node:tls");
    const plain = this.#socket;
    this.#throwIfOver("TLS");
    if (plain === undefined) throw new TypeError("not connected");
    plain.off("readable", this.#woken);
    const { host, tls = {} } = this.#endpoint;
    // A name is needed to verify, an IP address must not be sent as one.
    const servername = tls.servername ?? (isAddress(host) ? undefined : host);
    const secure = connect({
      ...tls,
      socket: plain,
      host,
      ...(servername === undefined ? {} : { servername }),
    });
    let isSecure = false;
    secure.once("secureConnect", () => {
      isSecure = true;
      this.#woken();
    });
    this.#use(secure);
    await this.#until(() => isSecure, "TLS");
    this.#isEncrypted = true;
    secure.on("readable", this.#woken);
  }

  async pull(awaited: string): Promise<Buffer | undefined> {
    const socket = this.#socket;
    if (socket === undefined) throw new TypeError("not connected");
    let chunk: Buffer | null = null;
    await this.#until(() => {
      chunk = socket.read() as Buffer | null;
      return chunk !== null || socket.readableEnded;
    }, awaited);
    return chunk ?? undefined;
  }

  write(bytes: Uint8Array): void {
    // A failing write is an error event, told to whoever reads next.
    if (!this.#isOver) this.#socket?.write(bytes);
  }

  /** Sends what is written (the goodbye), then destroys the socket. */
  finish(): void {
    this.#isOver = true;
    this.#isFinished = true;
    this.#socket?.destroySoon();
  }

  close(): void {
    this.#isOver = true;
    this.#context.signal.removeEventListener("abort", this.#abort);
    if (!this.#isFinished) this.#socket?.destroy();
  }

  readonly #woken = (): void => this.#wake?.();

  readonly #abort = (): void => {
    this.#isOver = true;
    this.#socket?.destroy();
    this.#woken();
  };

  #use(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", (error) => {
      this.#failure ??= error;
      this.#woken();
    });
    for (const event of ["end", "close"]) socket.on(event, this.#woken);
  }

  /** Waits until `isDone`; throws when the socket fails, ends or the deadline comes first. */
  async #until(isDone: () => boolean, awaited: string): Promise<void> {
    for (;;) {
      this.#throwIfOver(awaited);
      // Bytes that came before a failure are read first: they often say why it came.
      if (isDone()) return;
      if (this.#failure !== undefined) throw socketError(this.#failure, this.at, awaited);
      // Closed without an error: TLS was broken off, or the last bytes are read.
      if (this.#socket?.destroyed === true && this.#socket.readableLength === 0) {
        const text = `${this.at} closed the connection while we waited for ${awaited}`;
        throw new CheckError("FLX_CHECK_PROTOCOL", text);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #throwIfOver(awaited: string): void {
    if (this.#isOver || this.#context.signal.aborted) {
      throw deadlineError(this.at, awaited, this.#context);
    }
  }
}

/** The error for an answer that did not come in time. */
export function deadlineError(
  at: string,
  awaited: string,
  { timeoutMs }: CheckContext,
): CheckError {
  const text = `no answer from ${at} within ${timeoutMs} ms: we waited for ${awaited}`;
  return new CheckError("FLX_CHECK_DEADLINE", text);
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
