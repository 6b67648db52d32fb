// Asking a server something over bytes, with bounds on everything it may answer.
//
//   write ──► server ──► source ──► [ what came, not read yet ] ──► read(n), line(), rest()
//                        pulls only                    │
//                        when asked                    └── of all conversations bytes: at most maxBytes
//
// A talk pulls bytes only when a reader waits for them, so a server that floods us is held back by TCP, and the sum
// of all that is read is bounded: whatever loops "until the message that says ready" ends, also with a server that
// never says it. Each read names what it waits for; that name is in the error.
//
// The bytes come from a socket (socket-talk.ts) or, in tests of the protocols, from memory.

import { CheckError } from "./check-error.ts";
import { type Secrets, shown } from "./server-text.ts";

/** Where the bytes come from and go to. */
export interface ByteStream {
  /** The other side, as a person writes it: "db:5432". */
  readonly at: string;
  /** Whether nobody on the way can read it: TLS, or this machine alone. */
  readonly isPrivate: boolean;
  /** Whether it is encrypted by TLS. */
  readonly isEncrypted: boolean;
  /** The next bytes, or undefined at the end. `awaited` is for the error. */
  pull(awaited: string): Promise<Buffer | undefined>;
  write(bytes: Uint8Array): void;
  /** From here on both sides speak TLS. */
  startTls(): Promise<void>;
}

/** One conversation. All methods that read throw a {@link CheckError}. */
export class Talk {
  readonly secrets: Secrets;
  readonly #stream: ByteStream;
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #received = 0;

  constructor(stream: ByteStream, secrets: Secrets, maxBytes: number) {
    this.#stream = stream;
    this.secrets = secrets;
    this.#maxBytes = maxBytes;
  }

  /** The other side, as a person writes it. */
  get at(): string {
    return this.#stream.at;
  }

  /** Whether a password may be sent as it is. */
  get isPrivate(): boolean {
    return this.#stream.isPrivate;
  }

  get isEncrypted(): boolean {
    return this.#stream.isEncrypted;
  }

  write(bytes: Uint8Array | string): void {
    this.#stream.write(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
  }

  /** Exactly `length` bytes. */
  async read(length: number, awaited: string): Promise<Buffer> {
    if (length > this.#maxBytes) throw this.#tooMuch(awaited);
    while (this.#buffered < length) await this.#pull(awaited);
    return this.#take(length);
  }

  /** A line without its line feed (and carriage return), of at most `maxLength` bytes. */
  async line(awaited: string, maxLength = 8192): Promise<string> {
    let searched = 0;
    for (;;) {
      const end = this.#find(0x0a, searched);
      if (end > maxLength || (end < 0 && this.#buffered > maxLength)) throw this.#tooMuch(awaited);
      if (end >= 0) {
        const line = this.#take(end + 1).toString("utf8");
        return line.slice(0, line.endsWith("\r\n") ? -2 : -1);
      }
      searched = this.#buffered;
      await this.#pull(awaited);
    }
  }

  /** All bytes that are there without waiting, after at least one came. */
  async some(awaited: string): Promise<Buffer> {
    if (this.#buffered === 0) await this.#pull(awaited);
    return this.#take(this.#buffered);
  }

  /**
   * Goes on encrypted. Bytes that came before are refused: somebody on the way could have put them there, and they
   * would count as if the server had sent them encrypted.
   */
  async startTls(): Promise<void> {
    if (this.#buffered > 0) throw this.wrong("bytes before TLS was agreed on");
    await this.#stream.startTls();
  }

  /** What the server said, as it may be shown. */
  shown(text: string | Uint8Array): string {
    return shown(text, this.secrets);
  }

  /** The error for an answer that its protocol does not have. */
  wrong(what: string): CheckError {
    return new CheckError("FLX_CHECK_PROTOCOL", `${this.at} answered ${what}`);
  }

  /** The error for an answer that says what is wrong. */
  answered(text: string | Uint8Array): CheckError {
    return new CheckError("FLX_CHECK_ANSWER", `${this.at} says: ${this.shown(text)}`);
  }

  /** The error for credentials that were not taken. */
  loginRefused(user: string | undefined, why = ""): CheckError {
    const who = user === undefined || user === "" ? "" : ` for user "${user}"`;
    const what = why === "" ? "" : `: ${this.shown(why)}`;
    return new CheckError("FLX_CHECK_LOGIN", `${this.at} refused the password${who}${what}`);
  }

  /** Throws unless a password may be sent readable. */
  requirePrivacy(isAllowed: boolean | undefined): void {
    if (this.isPrivate || isAllowed === true) return;
    const text = `${this.at} wants the password readable; use TLS, or allowReadablePassword: true`;
    throw new CheckError("FLX_CHECK_LOGIN", text);
  }

  async #pull(awaited: string): Promise<void> {
    const chunk = await this.#stream.pull(awaited);
    if (chunk === undefined) throw this.#ended(awaited);
    this.#received += chunk.length;
    if (this.#received > this.#maxBytes) throw this.#tooMuch(awaited);
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  #find(byte: number, from: number): number {
    let start = 0;
    for (const chunk of this.#chunks) {
      if (start + chunk.length > from) {
        const found = chunk.indexOf(byte, Math.max(0, from - start));
        if (found >= 0) return start + found;
      }
      start += chunk.length;
    }
    return -1;
  }

  #take(length: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = length < all.length ? [all.subarray(length)] : [];
    this.#buffered -= length;
    return all.subarray(0, length);
  }

  #ended(awaited: string): CheckError {
    const text =
      this.#buffered === 0
        ? `${this.at} closed the connection while we waited for ${awaited}`
        : `${this.at} closed the connection in the middle of ${awaited}`;
    return new CheckError("FLX_CHECK_PROTOCOL", text);
  }

  #tooMuch(awaited: string): CheckError {
    const text = `${this.at} sends more than fits ${awaited} (a check reads ${this.#maxBytes} bytes in all)`;
    return new CheckError("FLX_CHECK_LIMIT", text);
  }
}
