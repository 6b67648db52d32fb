// A request as a route sees it: parameters of path, query and form in one place, a bounded body, a signal.
//
// Prometheus' API takes parameters in the query, in a form (POST), or in both; a parameter may be given many times, those
// of the form first, as in Go's Request.Form.

import type { IncomingMessage } from "node:http";
import type { Identity } from "../../base/access/role.ts";
import type { Admitted } from "../../ingest/admission.ts";
import { SinkRefusal } from "../../store/metric-sink.ts";
import { Refusal } from "./refusal.ts";

/** What is read from a body at most, for forms and JSON: a query is text. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** A request of the API. */
export class ApiRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** Parameters of the path, decoded. */
  readonly params: ReadonlyMap<string, string>;
  readonly headers: IncomingMessage["headers"];
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  readonly identity: Identity;
  /** Address of the other end. */
  readonly remoteAddress: string;
  readonly #incoming: IncomingMessage;
  readonly #query: URLSearchParams;
  readonly #admitted: Admitted;
  #form: URLSearchParams | undefined;
  #body: Promise<Buffer> | undefined;

  constructor(
    incoming: IncomingMessage,
    found: {
      readonly path: string;
      readonly search: string;
      readonly params: ReadonlyMap<string, string>;
      readonly signal: AbortSignal;
      readonly identity: Identity;
      /** Counts the body while it comes. */
      readonly admitted: Admitted;
    },
  ) {
    this.#incoming = incoming;
    this.method = incoming.method ?? "GET";
    this.headers = incoming.headers;
    this.remoteAddress = incoming.socket.remoteAddress ?? "";
    this.path = found.path;
    this.params = found.params;
    this.signal = found.signal;
    this.identity = found.identity;
    this.#admitted = found.admitted;
    this.#query = new URLSearchParams(found.search);
  }

  /** Reads the form of a POST; then `parameter` sees it. Without a form does nothing. */
  async readForm(): Promise<void> {
    const type = this.headers["content-type"] ?? "";
    if (this.method !== "POST" || !/^application\/x-www-form-urlencoded\b/i.test(type)) return;
    this.#form = new URLSearchParams((await this.body()).toString());
  }

  /** The first value of a parameter; undefined when it is not given, or empty. */
  parameter(name: string): string | undefined {
    const value = this.#form?.get(name) ?? this.#query.get(name);
    return value === null || value === "" ? undefined : value;
  }

  /** Whether a parameter is given at all, if only as a name. */
  has(name: string): boolean {
    return this.#form?.has(name) === true || this.#query.has(name);
  }

  /** All values of a parameter. */
  parameters(name: string): readonly string[] {
    return [...(this.#form?.getAll(name) ?? []), ...this.#query.getAll(name)];
  }

  /**
   * The body, up to 4 MiB.
   *
   * @throws {Refusal} when it is longer, or compressed, or too much is under way
   */
  body(): Promise<Buffer> {
    this.#body ??= readBody(this.#incoming, this.#admitted);
    return this.#body;
  }

  /** The body as it came, up to 4 MiB; what its encoding means is the caller's business. */
  encodedBody(): Promise<Buffer> {
    return readBytes(this.#incoming, this.#admitted);
  }

  /**
   * The body as JSON.
   *
   * @throws {Refusal} when it is none
   */
  async json(): Promise<unknown> {
    const text = (await this.body()).toString();
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Refusal("bad_data", `the body is not JSON: ${(error as Error).message}`);
    }
  }
}

async function readBody(incoming: IncomingMessage, admitted: Admitted): Promise<Buffer> {
  const encoding = incoming.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    throw new Refusal("bad_data", `content-encoding ${encoding.slice(0, 40)} is not taken here`, {
      status: 415,
    });
  }
  return await readBytes(incoming, admitted);
}

async function readBytes(incoming: IncomingMessage, admitted: Admitted): Promise<Buffer> {
  if (Number(incoming.headers["content-length"] ?? 0) > MAX_BODY_BYTES) throw tooLong();
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_BODY_BYTES) throw tooLong();
    admit(admitted, piece.length);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}

function admit(admitted: Admitted, bytes: number): void {
  try {
    admitted.grow(bytes);
  } catch (error) {
    if (!(error instanceof SinkRefusal)) throw error;
    const headers = {
      connection: "close",
      "retry-after": String(Math.ceil((error.retryAfterMs ?? 1_000) / 1_000)),
    };
    throw new Refusal("too_many_requests", error.message, { headers, cause: error });
  }
}

function tooLong(): Refusal {
  return new Refusal("bad_data", `the body is longer than ${MAX_BODY_BYTES} bytes`, {
    status: 413,
    headers: { connection: "close" },
  });
}
