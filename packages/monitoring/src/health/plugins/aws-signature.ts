// Signature Version 4 of AWS for a request without a body, as S3 and all that speak its protocol want it.
//
//   canonical request   method, path, query sorted, headers sorted, hash of the body
//   text to sign        algorithm, time, scope, hash of the canonical request
//   key                 HMAC chain: "AWS4" + secret, date, region, service, "aws4_request"
//
// Source: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.

/** What is signed. */
export interface SignedRequest {
  readonly method: string;
  readonly host: string;
  /** Encoded, without a query. */
  readonly path: string;
  /** Encoded names and values. */
  readonly query: readonly (readonly [string, string])[];
  readonly region: string;
  readonly service: string;
  readonly atMs: number;
}

/** Whose key it is signed with. */
export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The SHA-256 of nothing. */
const EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** The headers that make the request a signed one. */
export async function awsHeaders(
  { method, host, path, query, region, service, atMs }: SignedRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsKey,
): Promise<Record<string, string>> {
  const { createHash, createHmac } = await import("node:crypto");
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac("sha256", key).update(text).digest();
  const time = new Date(atMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, "");
  const date = time.slice(0, 8);
  const headers: Record<string, string> = {
    host,
    "x-amz-content-sha256": EMPTY_HASH,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = Object.keys(headers).toSorted();
  const canonical = [
    method,
    path,
    query
      .map(([name, value]) => `${name}=${value}`)
      .toSorted()
      .join("&"),
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    EMPTY_HASH,
  ].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const hash = createHash("sha256").update(canonical).digest("hex");
  const key = [date, region, service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${secretAccessKey}`,
  );
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash}`).toString("hex");
  const credential = `Credential=${accessKeyId}/${scope}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential},SignedHeaders=${names.join(";")},Signature=${signature}`;
  return { ...headers, authorization };
}
