// S3, and what else speaks its protocol (MinIO, Ceph, R2): HEAD of a bucket, signed.
//
//   200   there, and ours to see        403   not ours, or a wrong key
//   301   in another region             404   not there

import type { HealthCheck } from "../health-check.ts";
import { awsHeaders } from "./aws-signature.ts";
import { CheckError, optionsError } from "./check-error.ts";
import { type EndpointOptions, type Secret, secretValue } from "./endpoint.ts";
import { below, httpAsker } from "./http.ts";
import { timed } from "./server-check.ts";

/** Which bucket. */
export interface S3Options extends Omit<EndpointOptions, "host" | "port" | "path"> {
  readonly bucket: string;
  /** Default "us-east-1". */
  readonly region?: string;
  /** The server: `https://minio:9000`. Default: AWS in that region. */
  readonly url?: string;
  /** Without a key the request is not signed: for public buckets. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: Secret;
  readonly sessionToken?: Secret;
  /** Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * A check of a bucket.
 *
 * - healthy: it is there and may be seen
 * - degraded: only when slow
 * - unhealthy: no connection, key refused, no such bucket, another region, any other answer
 *
 * Measures `latency_ms`.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function s3(options: S3Options): HealthCheck {
  const { bucket, region = "us-east-1", accessKeyId, now = Date.now } = options;
  if (!/^[A-Za-z0-9._-]{3,255}$/.test(bucket)) throw optionsError(`"${bucket}" is no bucket name`);
  if ((accessKeyId === undefined) !== (options.secretAccessKey === undefined)) {
    throw optionsError("accessKeyId and secretAccessKey are needed both, or neither");
  }
  const url = options.url ?? `https://s3.${region}.amazonaws.com`;
  const ask = httpAsker({ ...options, url });
  const { host } = new URL(url);
  const path = below(url, `/${bucket}`);
  return (context) =>
    timed(options.degradedMs, async () => {
      const secretAccessKey = await secretValue(options.secretAccessKey);
      const sessionToken = await secretValue(options.sessionToken);
      const headers =
        accessKeyId === undefined || secretAccessKey === undefined
          ? {}
          : await awsHeaders(
              { method: "HEAD", host, path, query: [], region, service: "s3", atMs: now() },
              { accessKeyId, secretAccessKey, sessionToken },
            );
      const question = { target: path, method: "HEAD", headers, maxBodyBytes: 0 };
      const { answer, at } = await ask(context, question);
      if (answer.status === 200) return {};
      throw statusProblem(at, bucket, answer.status);
    });
}

function statusProblem(at: string, bucket: string, status: number): CheckError {
  switch (status) {
    case 401:
    case 403:
      return new CheckError("FLX_CHECK_LOGIN", `${at} refused the key for bucket "${bucket}"`);
    case 404:
      return new CheckError("FLX_CHECK_ANSWER", `${at} has no bucket "${bucket}"`);
    case 301:
    case 307:
      return new CheckError("FLX_CHECK_ANSWER", `bucket "${bucket}" is in another region`);
    default:
      return new CheckError("FLX_CHECK_ANSWER", `${at} answered ${status}`);
  }
}
