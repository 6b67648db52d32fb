// An archive in a bucket that speaks S3: put, get, list and delete of whole objects, signed with version 4.
//
//   ENDPOINT/BUCKET/PREFIX + name         by path, as every S3-compatible server takes it
//
//   every request   signed for its exact bytes (x-amz-content-sha256), to an address that was checked, no redirects
//   an answer       never larger than what was expected; a list a page at a time
//   5xx, 429, 408, a connection that breaks, silence: tried again, later and later; another answer is final
//
// A file larger than a part is put in parts, one after the other, each tried again by itself:
//
//   begin ── part 1 ── part 2 ── ... ── complete: only now there is an object      whatever fails: abort, nothing is left
//
// Parts of a process that was killed stay until the bucket's own rule for unfinished uploads removes them: they are in no list.
//
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ (PutObject, CreateMultipartUpload, UploadPart,
// CompleteMultipartUpload, AbortMultipartUpload, GetObject, ListObjectsV2, DeleteObject).

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { FlxError } from "@flx/model";
import { checkAddress, guardedLookup } from "../../base/address-guard.ts";
import type { Secret } from "../../config/secret.ts";
import { sumOf } from "../backup/manifest.ts";
import type { ArchivePlace, PlacedFile } from "./archive-place.ts";

/** A bucket, and who we are. */
export interface S3Settings {
  readonly endpoint: URL;
  readonly bucket: string;
  readonly region: string;
  /** Before every name; "" or "station-1/". */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
}

/** How requests are tried. */
export interface S3Patience {
  /** Tries of one request. Default 5. */
  readonly tries?: number;
  /** Before the second try, ms; doubled for each one after. Default 500. */
  readonly pauseMs?: number;
  /** A connection that says nothing for so long has broken, ms. Default 30,000. */
  readonly silenceMs?: number;
  /** Larger files are put in parts of so many bytes. Default 64 MiB; S3 takes no less than 5 MiB but for the last one. */
  readonly partBytes?: number;
}

/** Parts of one file that S3 takes. */
const MAX_PARTS = 10_000;
const MAX_PAGE = 8 * 1024 * 1024;
const MAX_PAGES = 10_000;
const MAX_ERROR = 16 * 1024;
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

interface Call {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly url: URL;
  readonly body?: Body;
}

/** What is sent: bytes of a file from a place on, or a text. */
interface Body {
  readonly bytes: number;
  readonly sha256: string;
  readonly from: { readonly path: string; readonly start: number } | string;
}

/** An archive in a bucket. */
export class S3Place implements ArchivePlace {
  readonly where: string;
  readonly #settings: S3Settings;
  readonly #patience: Required<S3Patience>;

  constructor(settings: S3Settings, patience: S3Patience = {}) {
    this.#settings = settings;
    this.#patience = {
      tries: 5,
      pauseMs: 500,
      silenceMs: 30_000,
      partBytes: 64 * 1024 * 1024,
      ...patience,
    };
    this.where = `s3://${settings.bucket}/${settings.prefix}`;
  }

  async list(): Promise<readonly PlacedFile[]> {
    const { prefix } = this.#settings;
    const found: PlacedFile[] = [];
    let token: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const url = this.#url("");
      url.searchParams.set("list-type", "2");
      if (prefix !== "") url.searchParams.set("prefix", prefix);
      if (token !== undefined) url.searchParams.set("continuation-token", token);
      const text = await this.#call("list", { method: "GET", url }, (answer) =>
        textOf(answer, MAX_PAGE),
      );
      for (const [, object] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        const key = tag(object!, "Key") ?? "";
        const bytes = Number(tag(object!, "Size"));
        if (key.startsWith(prefix)) found.push({ name: key.slice(prefix.length), bytes });
      }
      token = tag(text, "NextContinuationToken");
      if (tag(text, "IsTruncated") !== "true" || token === undefined) return found;
    }
    throw this.#failure("list", `more than ${MAX_PAGES} pages`);
  }

  async put(name: string, path: string): Promise<void> {
    const { size } = await stat(path);
    const { partBytes } = this.#patience;
    if (size > partBytes) {
      await this.#putInParts(name, path, size);
      return;
    }
    const body = { ...(await sumOf(path)), from: { path, start: 0 } };
    await this.#call(`put ${name} into`, { method: "PUT", url: this.#url(name), body }, drained);
  }

  async #putInParts(name: string, path: string, size: number): Promise<void> {
    const what = `put ${name} into`;
    const url = this.#url(name);
    url.searchParams.set("uploads", "");
    const begun = await this.#call(what, { method: "POST", url }, (answer) =>
      textOf(answer, MAX_ERROR),
    );
    const upload = tag(begun, "UploadId");
    if (upload === undefined) throw this.#failure(what, "the upload has no id");
    try {
      const parts = await this.#putParts(name, path, size, upload);
      await this.#complete(name, upload, parts);
    } catch (error) {
      const abort: Call = { method: "DELETE", url: this.#uploadUrl(name, upload) };
      await this.#call(`abort ${name} in`, abort, drained).catch(() => undefined);
      throw error;
    }
  }

  /** The parts' ETags, in order. */
  async #putParts(
    name: string,
    path: string,
    size: number,
    upload: string,
  ): Promise<readonly string[]> {
    const tags: string[] = [];
    const partBytes = Math.max(this.#patience.partBytes, Math.ceil(size / MAX_PARTS));
    for (let start = 0; start < size; start += partBytes) {
      const url = this.#uploadUrl(name, upload);
      url.searchParams.set("partNumber", String(tags.length + 1));
      const end = Math.min(size, start + partBytes);
      const body = { ...(await sumOf(path, { start, end })), from: { path, start } };
      const what = `put part ${tags.length + 1} of ${name} into`;
      const etag = await this.#call(what, { method: "PUT", url, body }, async (answer) => {
        await drained(answer);
        return answer.headers.etag;
      });
      if (etag === undefined) throw this.#failure(what, "the answer has no ETag");
      tags.push(etag);
    }
    return tags;
  }

  async #complete(name: string, upload: string, parts: readonly string[]): Promise<void> {
    const listed = parts.map(
      (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
    );
    const text = `<CompleteMultipartUpload>${listed.join("")}</CompleteMultipartUpload>`;
    const url = this.#uploadUrl(name, upload);
    const sha256 = createHash("sha256").update(text).digest("hex");
    const body = { bytes: Buffer.byteLength(text), sha256, from: text };
    const what = `complete ${name} in`;
    await this.#call(what, { method: "POST", url, body }, async (answer) => {
      // The status comes before the work is done: what becomes of it stands in the body.
      const told = await textOf(answer, MAX_ERROR);
      if (told.includes("<Error>")) throw new Answered(500, tag(told, "Code") ?? "it failed");
    });
  }

  #uploadUrl(name: string, upload: string): URL {
    const url = this.#url(name);
    url.searchParams.set("uploadId", upload);
    return url;
  }

  async get(name: string, to: string, maxBytes: number): Promise<void> {
    const call: Call = { method: "GET", url: this.#url(name) };
    await this.#call(`get ${name} from`, call, (answer) => toFile(answer, to, maxBytes));
  }

  async remove(name: string): Promise<void> {
    const call: Call = { method: "DELETE", url: this.#url(name) };
    await this.#call(`remove ${name} from`, call, drained);
  }

  pathOf(): undefined {
    return undefined;
  }

  #url(name: string): URL {
    const { endpoint, bucket, prefix } = this.#settings;
    const url = new URL(endpoint);
    const base = url.pathname.replace(/\/+$/, "");
    const key = name === "" ? "" : `/${prefix}${name}`;
    url.pathname = `${base}/${bucket}${key}`;
    return url;
  }

  /** Makes a request until it is answered. */
  async #call<T>(
    what: string,
    call: Call,
    take: (answer: IncomingMessage) => Promise<T>,
  ): Promise<T> {
    const { tries, pauseMs } = this.#patience;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#send(call);
        const { statusCode = 0 } = answer;
        if (statusCode >= 200 && statusCode < 300) return await take(answer);
        throw await refusalOf(answer, statusCode);
      } catch (error) {
        const isFinal = error instanceof Answered && !error.isTransient;
        if (isFinal || error instanceof FlxError || attempt >= tries) {
          throw this.#failure(what, reasonOf(error), error);
        }
      }
      // Later and later, and not all at the same time.
      await sleep(pauseMs * 2 ** (attempt - 1) * (0.75 + 0.5 * Math.random()));
    }
  }

  #failure(what: string, reason: string, cause?: unknown): FlxError {
    return new FlxError("FLX_ARCHIVE_PLACE", `cannot ${what} ${this.where}: ${reason}`, { cause });
  }

  async #send(call: Call): Promise<IncomingMessage> {
    const { url, method, body } = call;
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) !== 0) checkAddress(url.hostname, host);
    const headers = await this.#signed(call);
    const options = { method, headers, lookup: guardedLookup, timeout: this.#patience.silenceMs };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sending =
      url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
    sending.on("response", resolve);
    sending.on("error", reject);
    sending.on("timeout", () => sending.destroy(new Error("no answer in time")));
    if (body === undefined) sending.end();
    else if (typeof body.from === "string") sending.end(body.from);
    else {
      const { path, start } = body.from;
      const reading = createReadStream(path, {
        start,
        end: Math.max(start, start + body.bytes - 1),
      });
      // What breaks the sending breaks the answer as well, which is waited for.
      pipeline(reading, sending).catch((error: unknown) => reject(error));
    }
    return await promise;
  }

  async #signed({ url, method, body }: Call): Promise<Record<string, string>> {
    const { region, accessKeyId, secretAccessKey } = this.#settings;
    // Loaded only by stations that have such an archive.
    const { AwsV4Signer } = await import("aws4fetch");
    const length = body === undefined ? {} : { "content-length": String(body.bytes) };
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      service: "s3",
      region,
      accessKeyId,
      secretAccessKey: await secretAccessKey.reveal(),
      headers: { "x-amz-content-sha256": body?.sha256 ?? EMPTY_SHA256 },
    });
    const { headers } = await signer.sign();
    return { ...Object.fromEntries(headers), ...length };
  }
}

/** A server answered that it does not do what was asked. */
class Answered extends Error {
  override readonly name = "Answered";
  readonly isTransient: boolean;

  constructor(status: number, message: string) {
    super(message);
    this.isTransient = status >= 500 || status === 429 || status === 408;
  }
}

async function refusalOf(answer: IncomingMessage, status: number): Promise<Answered> {
  // Its words help whoever reads the log; whatever is wrong with them, the status stands.
  const text = await textOf(answer, MAX_ERROR).catch(() => "");
  const code = /^[A-Za-z0-9]{1,60}$/.exec(tag(text, "Code") ?? "")?.[0];
  return new Answered(
    status,
    code === undefined ? `status ${status}` : `status ${status}, ${code}`,
  );
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return error instanceof FlxError || code === undefined ? message : code;
}

async function textOf(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxBytes) throw tooLarge(answer, maxBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

async function toFile(answer: IncomingMessage, to: string, maxBytes: number): Promise<void> {
  let length = 0;
  const bounded = async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      length += piece.length;
      if (length > maxBytes) throw tooLarge(answer, maxBytes);
      yield piece;
    }
  };
  await pipeline(answer, bounded, createWriteStream(to, { mode: 0o640 }));
}

function tooLarge(answer: IncomingMessage, maxBytes: number): FlxError {
  answer.destroy();
  return new FlxError("FLX_ARCHIVE_PLACE", `the answer has more than ${maxBytes} bytes`);
}

async function drained(answer: IncomingMessage): Promise<void> {
  await textOf(answer, MAX_ERROR);
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The text of the first element of a name. */
function tag(xml: string, name: string): string | undefined {
  const from = xml.indexOf(`<${name}>`);
  const to = xml.indexOf(`</${name}>`, from);
  if (from < 0 || to < 0) return undefined;
  const text = xml.slice(from + name.length + 2, to);
  return text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, entity: string) => ENTITIES[entity]!);
}
