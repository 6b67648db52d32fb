// Commands that ask a running station: over its HTTP API only, as any other client would.
//
//   --url URL           default: FLX_URL, or http://127.0.0.1:3590
//   --token-file FILE   sent as "authorization: Bearer"; default: the token in FLX_TOKEN
//   --timeout DURATION

import { parseDuration } from "@flx/model/duration";
import { FlxError } from "@flx/model/errors";
import { printable } from "../base/printable.ts";
import { UsageError } from "./command.ts";
import { howCalled } from "./how-called.ts";
import { readToken } from "./token-file.ts";

/** The options of all commands that ask a station; a command spreads them into its own. */
export const clientOptionSpecs = {
  url: { value: "http://127.0.0.1:3590" },
  "token-file": { value: "FILE" },
  timeout: { value: "30s" },
} as const;

/** Their lines in the help. */
export const clientHelp = `  --url URL                  the station (default: $FLX_URL, or http://127.0.0.1:3590)
  --token-file FILE          its text is sent as "authorization: Bearer" (default: $FLX_TOKEN)
  --timeout DURATION         for one request (default 30s)
`;

/** The exit code when the station refused or failed. */
export const EXIT_FAILED = 1;

/** The exit code when no station answered. */
export const EXIT_UNREACHABLE = 2;

/** A station that did not answer, or not with what was asked. */
export class StationError extends Error {
  override readonly name = "StationError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** No answer is longer. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** Notes of an answer. */
export interface ApiNotes {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** Asks a station. */
export class StationClient {
  readonly url: string;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;

  constructor(url: string, token: string | undefined, timeoutMs: number) {
    this.url = url;
    this.#token = token;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * The client that the options of a command line mean.
   *
   * @throws {UsageError} when one of them cannot be
   */
  static async from(options: ReadonlyMap<string, string>): Promise<StationClient> {
    const url = options.get("url") ?? process.env["FLX_URL"] ?? clientOptionSpecs.url.value;
    if (!URL.canParse(url) || !/^https?:/.test(url)) {
      throw new UsageError(`--url is like ${clientOptionSpecs.url.value}, not ${printable(url)}`);
    }
    const file = options.get("token-file");
    const token = file === undefined ? process.env["FLX_TOKEN"] : await readToken(file);
    const timeoutMs = lengthOption(options, "timeout", 30_000);
    return new StationClient(url.replace(/\/+$/, ""), token, timeoutMs);
  }

  /**
   * Data of Prometheus' API.
   *
   * @param form the parameters, sent as a form so that they may be long
   * @throws {StationError} when the station refuses, or does not answer
   */
  async data(
    path: string,
    form: Readonly<Record<string, string>>,
  ): Promise<ApiNotes & { readonly data: unknown }> {
    const answer = await this.#json(path, {
      method: "POST",
      body: new URLSearchParams(form).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    return { data: answer.data, warnings: answer.warnings ?? [], infos: answer.infos ?? [] };
  }

  /** Data of Prometheus' API, by GET. */
  async get(path: string): Promise<unknown> {
    return (await this.#json(path, {})).data;
  }

  /** A request without data, such as a reload; the text of the answer. */
  async post(path: string): Promise<string> {
    const { text } = await this.#request(path, { method: "POST" });
    return text;
  }

  async #json(path: string, init: RequestInit): Promise<ApiBody> {
    const { text } = await this.#request(path, init);
    try {
      return JSON.parse(text) as ApiBody;
    } catch (error) {
      throw new StationError(`${this.url} does not answer as a station does`, EXIT_FAILED, {
        cause: error,
      });
    }
  }

  async #request(path: string, init: RequestInit): Promise<{ readonly text: string }> {
    const authorization =
      this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.url}${path}`, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), ...authorization },
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      text = await boundedText(response);
    } catch (error) {
      throw unreachable(this.url, error);
    }
    if (!response.ok) {
      throw new StationError(refusalOf(text, response.status), EXIT_FAILED);
    }
    return { text };
  }
}

interface ApiBody {
  readonly data?: unknown;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.length;
    if (length > MAX_BODY_BYTES) {
      throw new StationError(`the answer is longer than ${MAX_BODY_BYTES} bytes`, EXIT_FAILED);
    }
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function refusalOf(text: string, status: number): string {
  try {
    const { error } = JSON.parse(text) as ApiBody;
    if (typeof error === "string") return printable(error, 2_000);
  } catch {
    // Not a station's error: the status says what there is to say.
  }
  return `status ${status}: ${printable(text)}`;
}

function unreachable(url: string, error: unknown): StationError {
  if (error instanceof StationError) return error;
  const { cause, message, name } = error as Error;
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  const reason = name === "TimeoutError" ? "no answer in time" : (code ?? message);
  const hint = code === "ECONNREFUSED" ? `; start one with: ${howCalled()} up` : "";
  return new StationError(`${url}: ${printable(reason)}${hint}`, EXIT_UNREACHABLE, {
    cause: error,
  });
}

/**
 * A length of time among the options, in milliseconds.
 *
 * @throws {UsageError} when it is none, or zero
 */
export function lengthOption(
  options: ReadonlyMap<string, string>,
  name: string,
  otherwise: number,
): number {
  const text = options.get(name);
  if (text === undefined) return otherwise;
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
  }
  throw new UsageError(`--${name} is a length of time like 15s, 5m or 1h; got ${printable(text)}`);
}
