// The bucket against a real server, and against servers that misbehave.

import assert from "node:assert/strict";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { temporaryFolder } from "@flx/testkit";
import { Secret } from "../../src/config/secret.ts";
import { type S3Patience, S3Place, type S3Settings } from "../../src/store/archive/s3-place.ts";
import { startS3 } from "./s3-server.ts";

const QUICK = { tries: 4, pauseMs: 1, silenceMs: 2_000 };

function settings(url: string, more: Partial<S3Settings> = {}): S3Settings {
  return {
    endpoint: new URL(url),
    bucket: "windows",
    region: "us-east-1",
    prefix: "",
    accessKeyId: "S3RVER",
    secretAccessKey: Secret.of("S3RVER"),
    ...more,
  };
}

test("S3Place puts, lists, gets and removes at a real server", async () => {
  await using folder = await temporaryFolder("s3");
  await using server = await startS3(folder.file("buckets"));
  const place = new S3Place(settings(server.url, { prefix: "station-1/" }), QUICK);
  const other = new S3Place(settings(server.url), QUICK);
  assert.deepEqual(await place.list(), []);
  const bytes = Buffer.alloc(3_000_000, "windows");
  await writeFile(folder.file("window"), bytes);
  await writeFile(folder.file("small"), "x");
  const names = Array.from({ length: 30 }, (_, i) => `metrics/${i}.window`);
  await Promise.all(names.map((name) => place.put(name, folder.file("small"))));
  await place.put("spans/a-b_c.parquet", folder.file("window"));
  const listed = await place.list();
  assert.equal(listed.length, 31);
  assert.deepEqual(
    listed.find(({ name }) => name === "spans/a-b_c.parquet"),
    { name: "spans/a-b_c.parquet", bytes: 3_000_000 },
  );
  assert.equal((await other.list())[0]!.name.slice(0, 10), "station-1/");

  await place.get("spans/a-b_c.parquet", folder.file("back"), 3_000_000);
  assert.deepEqual(await readFile(folder.file("back")), bytes);
  await assert.rejects(place.get("spans/a-b_c.parquet", folder.file("cut"), 2_999_999), {
    code: "FLX_ARCHIVE_PLACE",
    message: /the answer has more than 2999999 bytes/,
  });
  await place.remove("spans/a-b_c.parquet");
  await assert.rejects(place.get("spans/a-b_c.parquet", folder.file("gone"), 10), {
    code: "FLX_ARCHIVE_PLACE",
    message:
      /cannot get spans\/a-b_c\.parquet from s3:\/\/windows\/station-1\/: status 404, NoSuchKey/,
  });
  const wrong = new S3Place(settings(server.url, { accessKeyId: "nobody" }), QUICK);
  await assert.rejects(wrong.list(), { message: /status 403, InvalidAccessKeyId/ });
});

test("S3Place puts a large file in parts at a real server, and gets it back whole", async () => {
  await using folder = await temporaryFolder("s3");
  await using server = await startS3(folder.file("buckets"));
  const partBytes = 5 * 1024 * 1024;
  const place = new S3Place(settings(server.url, { prefix: "a/" }), { ...QUICK, partBytes });
  for (const length of [partBytes, partBytes + 1, 3 * partBytes + 12_345]) {
    const bytes = randomBytes(length);
    await writeFile(folder.file("window"), bytes);
    const name = `spans/${length}.parquet`;
    await place.put(name, folder.file("window"));
    const listed = (await place.list()).find((each) => each.name === name);
    assert.deepEqual(listed, { name, bytes: length });
    await place.get(name, folder.file("back"), length);
    assert.ok(bytes.equals(await readFile(folder.file("back"))), `${length} bytes`);
  }
});

test("S3Place aborts an upload that cannot be ended, and tries its parts again by themselves", async () => {
  await using folder = await temporaryFolder("s3");
  await writeFile(folder.file("window"), Buffer.alloc(25));
  const asked: string[] = [];
  const f = async (
    what: RegExp | undefined,
    answers: Readonly<Record<string, [status: number, body: string]>>,
    want: readonly string[],
  ): Promise<void> => {
    asked.length = 0;
    const upload: Answering = (request, response) => {
      const { searchParams: given } = new URL(request.url!, "http://a");
      const part = given.get("partNumber");
      const step = part ?? (given.has("uploads") ? "begin" : request.method!);
      asked.push(step);
      const again = asked.filter((each) => each === step).length;
      const [status, body] = answers[`${step}#${again}`] ?? answers[step] ?? [200, ""];
      const id = "<R><UploadId>a&amp;b</UploadId></R>";
      if (step !== "begin") assert.equal(given.get("uploadId"), "a&b");
      response.writeHead(status, { etag: `"${step}"` }).end(step === "begin" ? id : body);
    };
    const work = (place: S3Place): Promise<void> => place.put("window", folder.file("window"));
    const put = against(upload, work, { partBytes: 10 });
    if (what === undefined) await put;
    else await assert.rejects(put, { code: "FLX_ARCHIVE_PLACE", message: what });
    assert.deepEqual(asked, want);
  };
  await f(undefined, {}, ["begin", "1", "2", "3", "POST"]);
  await f(undefined, { "2#1": [503, ""] }, ["begin", "1", "2", "2", "3", "POST"]);
  await f(/part 2 of window into .*403/, { 2: [403, ""] }, ["begin", "1", "2", "DELETE"]);
  const failed = "<Error><Code>InternalError</Code></Error>";
  const tried = ["begin", "1", "2", "3", "POST", "POST", "POST", "POST", "DELETE"];
  await f(/complete window in .*InternalError/, { POST: [200, failed] }, tried);
  await f(undefined, { "POST#1": [200, failed] }, ["begin", "1", "2", "3", "POST", "POST"]);
});

type Answering = (request: IncomingMessage, response: ServerResponse, count: number) => void;

async function against<T>(
  answer: Answering,
  work: (place: S3Place) => Promise<T>,
  patience: S3Patience = {},
) {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response, ++count);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const place = new S3Place(settings(`http://127.0.0.1:${port}`), { ...QUICK, ...patience });
    return { result: await work(place), count };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const EMPTY_LIST = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";

test("S3Place tries again what may work later, and nothing else", async () => {
  const f = async (wantCalls: number, answer: Answering, want?: RegExp) => {
    const { result, count } = await against(answer, (place) =>
      place.list().then(
        () => "listed",
        (error: Error) => error.message,
      ),
    );
    assert.match(result, want ?? /^listed$/);
    assert.equal(count, wantCalls, result);
  };
  const unless =
    (good: number, bad: Answering): Answering =>
    (request, response, count) => {
      if (count >= good) response.end(EMPTY_LIST);
      else bad(request, response, count);
    };
  await f(
    3,
    unless(3, (_, response) => void response.writeHead(503).end("<Code>SlowDown</Code>")),
  );
  await f(
    2,
    unless(2, (_, response) => void response.writeHead(429).end()),
  );
  await f(
    3,
    unless(3, ({ socket }) => void socket.destroy()),
  );
  await f(
    2,
    unless(2, (_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("<ListBucketResult>");
      setTimeout(() => response.destroy(), 20);
    }),
  );
  await f(
    4,
    (_, response) => void response.writeHead(500).end("<Code>InternalError</Code>"),
    /status 500, InternalError/,
  );
  await f(
    1,
    (_, response) => void response.writeHead(403).end("<Code>AccessDenied</Code>"),
    /status 403, AccessDenied/,
  );
  // What a server says of itself steers no terminal.
  await f(
    1,
    (_, response) => void response.writeHead(400).end("<Code>\u001b[31m</Code>"),
    /status 400$/,
  );
  await f(
    1,
    (_, response) => void response.writeHead(301, { location: "http://169.254.169.254/" }).end(),
    /status 301/,
  );
});

/** The signature of a request as it came, by the words of AWS' documentation. */
function signatureOf(request: IncomingMessage, secretKey: string): string {
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac("sha256", key).update(text).digest();
  const { authorization = "", ...headers } = request.headers;
  const [, scope, names] = /Credential=[^/]+\/([^,]+), ?SignedHeaders=([^,]+)/.exec(authorization)!;
  const url = new URL(request.url!, "http://x");
  const encoded = (text: string): string =>
    encodeURIComponent(text).replaceAll(
      /[!'()*]/g,
      (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const query = Array.from(url.searchParams, ([k, v]) => `${encoded(k)}=${encoded(v)}`);
  const canonical = [
    request.method,
    url.pathname,
    query.toSorted((a, b) => (a < b ? -1 : 1)).join("&"),
    ...names!.split(";").map((name) => `${name}:${String(headers[name])}`),
    "",
    names,
    headers["x-amz-content-sha256"],
  ].join("\n");
  const hash = createHash("sha256").update(canonical).digest("hex");
  const toSign = `AWS4-HMAC-SHA256\n${String(headers["x-amz-date"])}\n${scope}\n${hash}`;
  const [day, region, service, end] = scope!.split("/");
  let key = hmac(`AWS4${secretKey}`, day!);
  for (const part of [region!, service!, end!]) key = hmac(key, part);
  return hmac(key, toSign).toString("hex");
}

test("S3Place signs exactly what it sends", async () => {
  await using folder = await temporaryFolder("s3");
  await writeFile(folder.file("window"), "the bytes of a window");
  const server = createServer((request, response) => {
    const hash = createHash("sha256");
    request.on("data", (piece: Buffer) => hash.update(piece));
    request.on("end", () => {
      const { authorization = "", ...headers } = request.headers;
      const given = /Signature=([0-9a-f]{64})$/.exec(authorization)?.[1];
      const isRight =
        given === signatureOf(request, "key/with+signs") &&
        hash.digest("hex") === headers["x-amz-content-sha256"] &&
        /SignedHeaders=[^,]*host;[^,]*x-amz-content-sha256;x-amz-date/.test(authorization);
      response.writeHead(isRight ? 200 : 403).end(EMPTY_LIST);
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/behind/a/path/`;
  const secretAccessKey = Secret.of("key/with+signs");
  const place = new S3Place(settings(url, { prefix: "a/b_c.d/", secretAccessKey }), QUICK);
  await place.list();
  await place.put("metrics/-7200000-1-2-3-0000000f.window", folder.file("window"));
  await place.get("spans/000001-1-2-3-0000000f.parquet", folder.file("back"), 1_000);
  await place.remove("logs/000001-1-2-3-0000000f.parquet");
  const wrong = new S3Place(settings(url), QUICK);
  await assert.rejects(wrong.list(), { message: /status 403$/ });
  server.closeAllConnections();
  server.close();
});

test("S3Place lists page by page", async () => {
  // The real server's tokens need a cipher that Node has no more.
  const tokens: (string | null)[] = [];
  const { result } = await against(
    (request, response, count) => {
      tokens.push(new URL(request.url!, "http://x").searchParams.get("continuation-token"));
      const next = count < 3 ? `a+b/${count}=&amp;&lt;` : "";
      const object = `<Contents><Key>logs/${count}&amp;</Key><Size>${count}</Size></Contents>`;
      const more = `<IsTruncated>${count < 3}</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`;
      response.end(`<ListBucketResult>${object}${more}</ListBucketResult>`);
    },
    (place) => place.list(),
  );
  assert.deepEqual(
    result,
    [1, 2, 3].map((n) => ({ name: `logs/${n}&`, bytes: n })),
  );
  assert.deepEqual(tokens, [null, "a+b/1=&<", "a+b/2=&<"]);
});

test("S3Place gives up a server that says nothing, and one that never stops", async () => {
  await using folder = await temporaryFolder("s3");
  const patience = { tries: 1, pauseMs: 1, silenceMs: 100 };
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const place = new S3Place(settings(`http://127.0.0.1:${port}`), patience);
  await assert.rejects(place.list(), { message: /no answer in time/ });
  server.closeAllConnections();
  server.close();

  const endless: Answering = (_, response) => {
    const more = (): void => {
      while (response.write(Buffer.alloc(65_536))) if (response.destroyed) return;
    };
    response.on("drain", more);
    response.on("error", () => undefined);
    more();
  };
  const listed = await against(endless, (each) => each.list().catch((error: Error) => error));
  assert.ok(listed.result instanceof Error);
  assert.match(listed.result.message, /more than 8388608 bytes/);
  await mkdir(folder.file("to"));
  const got = await against(endless, (each) =>
    each.get("x", folder.file("to/x"), 1_000_000).catch((error: Error) => error),
  );
  assert.match(String(got.result), /more than 1000000 bytes/);
  assert.ok((await stat(folder.file("to/x"))).size <= 1_000_000);
});

test("S3Place asks no address of metadata services, by number or by name", async () => {
  const f = async (endpoint: string) => {
    const place = new S3Place(settings(endpoint), { tries: 2, pauseMs: 1, silenceMs: 500 });
    await assert.rejects(place.list(), {
      code: "FLX_ARCHIVE_PLACE",
      message: /which is not asked/,
    });
  };
  await f("http://169.254.169.254");
  await f("http://[fd00:ec2::254]");
  await f("http://[::ffff:169.254.169.254]");
});
