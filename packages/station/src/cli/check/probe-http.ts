// Asks over HTTP. The status decides; the body may say that healthy is only degraded.
//
//   status expected       healthy; degraded when the body says `degraded` or `warn` (JSON `status`, or the first word)
//   any other             unhealthy, with the beginning of the body
//
// Redirects are answers, not followed: what is to be asked is said on the command line.
//
// node:http is taken by getBuiltinModule: an import would read every name that it exports, and among these are some that
// load a second HTTP client, which takes longer than everything else here.

import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { fileFault } from "../../base/file-fault.ts";
import { printable } from "../../base/printable.ts";
import { type Outcome, unreachable } from "./outcome.ts";
import type { ProbeOptions, ProbeTls } from "./probe.ts";
import type { ProbeTarget } from "./probe-target.ts";
import { UsageError } from "../command.ts";

type HttpTarget = ProbeTarget & { readonly kind: "http" };

const MAX_BODY_BYTES = 64 * 1024;

/**
 * Asks once.
 *
 * @throws {UsageError} when a TLS file cannot be read
 */
export async function probeHttp(target: HttpTarget, options: ProbeOptions): Promise<Outcome> {
  const { timeoutMs } = options;
  const send = await sender(target, options);
  return await new Promise((resolve) => {
    let request: ClientRequest | undefined;
    const end = (outcome: Outcome): void => {
      clearTimeout(timer);
      request?.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(
      () => end({ status: "unreachable", message: `no answer within ${timeoutMs} ms` }),
      timeoutMs,
    );
    const take = (response: IncomingMessage): void => {
      void bodyOf(response).then(
        (body) => end(judge(response, body, options)),
        (error: unknown) => end(unreachable(error)),
      );
    };
    try {
      request = send(take);
    } catch (error) {
      end(unreachable(error));
      return;
    }
    request.on("error", (error) => end(unreachable(error)));
    request.end();
  });
}

/** Makes the request; TLS is loaded only for those who want it. */
async function sender(
  target: HttpTarget,
  { token, tls }: ProbeOptions,
): Promise<(take: (response: IncomingMessage) => void) => ClientRequest> {
  const { address, path, credentials } = target;
  const common: RequestOptions = {
    path,
    agent: false,
    maxHeaderSize: 16 * 1024,
    headers: {
      "user-agent": "flx-check",
      accept: "application/health+json, application/json;q=0.9, text/plain;q=0.8, */*;q=0.1",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(credentials === undefined ? {} : { auth: credentials }),
    ...("path" in address ? { socketPath: address.path } : address),
  };
  if (!target.isSecure) {
    const { request } = process.getBuiltinModule("node:http");
    return (take) => request(common, take);
  }
  const { request } = process.getBuiltinModule("node:https");
  const material = await tlsMaterial(tls);
  return (take) =>
    request(
      {
        ...common,
        ...material,
        rejectUnauthorized: !tls.insecure,
        ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
      },
      take,
    );
}

async function tlsMaterial({ caFile, certFile, keyFile }: ProbeTls) {
  const { readFile } = await import("node:fs/promises");
  const read = async (file: string | undefined): Promise<Buffer | undefined> => {
    if (file === undefined) return undefined;
    try {
      return await readFile(file);
    } catch (error) {
      throw new UsageError(`cannot read ${file}: ${fileFault(error)}`);
    }
  };
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(read));
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** The beginning of the body, which is all that is needed of it. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString();
}

function judge(response: IncomingMessage, body: string, { expected }: ProbeOptions): Outcome {
  const { statusCode: httpStatus = 0, headers } = response;
  const isExpected = expected.some(({ from, to }) => httpStatus >= from && httpStatus <= to);
  const word = statusWord(headers["content-type"] ?? "", body);
  const text = word ?? printable(body, 200);
  const message = `HTTP ${httpStatus}${text === "" ? "" : `: ${text}`}`;
  if (!isExpected) return { status: "unhealthy", message, httpStatus };
  const isDegraded = word === "degraded" || word === "warn";
  return { status: isDegraded ? "degraded" : "healthy", message, httpStatus };
}

/** The word with which a body says how a service is. */
function statusWord(type: string, body: string): string | undefined {
  if (/^application\/(?:[\w.-]+\+)?json/i.test(type)) {
    try {
      const { status } = JSON.parse(body) as { status?: unknown };
      return typeof status === "string" ? printable(status.toLowerCase(), 40) : undefined;
    } catch {
      return undefined;
    }
  }
  return /^(?:healthy|degraded|unhealthy|unknown|pass|warn|fail)\b/i
    .exec(body.trim())?.[0]
    .toLowerCase();
}
