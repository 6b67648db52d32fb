// The states that real servers of our tests do not get into, and logins against published examples.

import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, privateDecrypt } from "node:crypto";
import { test } from "node:test";
import { scriptedTalk } from "../testing/scripted-talk.ts";
import { awsHeaders } from "./aws-signature.ts";
import { readBson, writeBson } from "./bson.ts";
import { endpointOf } from "./endpoint.ts";
import { askMongodb } from "./mongodb.ts";
import { askMqtt } from "./mqtt.ts";
import { askMysql } from "./mysql.ts";
import { askNats } from "./nats.ts";
import { readTime } from "./ntp.ts";
import { askRedis } from "./redis.ts";
import { Scram } from "./scram.ts";
import { Secrets, shown } from "./server-text.ts";
import { askSmtp } from "./smtp.ts";

test("Scram proves the password of RFC 7677's example", async () => {
  const scram = new Scram({
    user: "user",
    password: "pencil",
    at: "server:1",
    cache: {},
    nonce: "rOprNGfwEbeRWgbNEkqO",
  });

  assert.equal(scram.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const final = await scram.final(`r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
  assert.equal(final, `c=biws,r=${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`);
  await scram.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  await assert.rejects(scram.verify("v=AAAA"), { code: "FLX_CHECK_LOGIN" });
  await assert.rejects(scram.verify("e=other-error"), { code: "FLX_CHECK_LOGIN" });
});

test("Scram refuses what a server that is none begins with", async () => {
  const f = async (serverFirst: string) => {
    const scram = new Scram({ user: "", password: "x", at: "s:1", cache: {}, nonce: "abc" });
    await assert.rejects(scram.final(serverFirst), { code: "FLX_CHECK_PROTOCOL" });
  };

  await f("");
  await f("r=abc,s=AAAA,i=4096"); // nothing added to our nonce
  await f("r=xyzabc,s=AAAA,i=4096");
  await f("r=abcdef,s=,i=4096");
  await f("r=abcdef,s=AAAA,i=0");
  await f("r=abcdef,s=AAAA,i=500001"); // would keep a CPU busy for long
  await f("r=abcdef,s=AAAA,i=1e9");
});

test("awsHeaders() signs the examples of the documentation of S3", async () => {
  const key = {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  };
  const f = async (query: readonly (readonly [string, string])[], want: string) => {
    const headers = await awsHeaders(
      {
        method: "GET",
        host: "examplebucket.s3.amazonaws.com",
        path: "/",
        query,
        region: "us-east-1",
        service: "s3",
        atMs: Date.UTC(2013, 4, 24),
      },
      key,
    );
    assert.equal(/Signature=(\w+)/.exec(headers["authorization"] ?? "")?.[1], want);
  };

  await f([["lifecycle", ""]], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  await f(
    [
      ["max-keys", "2"],
      ["prefix", "J"],
    ],
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  );
});

test("readBson() reads what writeBson() writes, and refuses what goes beyond it", () => {
  const document = { a: "text", b: 7, c: true, d: { e: Buffer.from("x") } };
  const read = readBson(writeBson(document), "it");
  assert.deepEqual([read.get("a"), read.get("b"), read.get("c")], ["text", 7, true]);

  let nested: Parameters<typeof writeBson>[0] = { x: 1 };
  for (let i = 0; i < 20; i++) nested = { x: nested };
  assert.throws(() => readBson(writeBson(nested), "it"), { code: "FLX_CHECK_PROTOCOL" });
});

const greeting = Buffer.concat([
  Buffer.of(10),
  Buffer.from("8.4.0\0\x01\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15", "latin1"),
  Buffer.alloc(10),
  Buffer.from("ijklmnopqrst\0caching_sha2_password\0"),
]);
const mysqlPacket = (number: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head[3] = number;
  return Buffer.concat([head, body]);
};
const OK = Buffer.from("00000002000000", "hex");
const login = { user: "app", database: "", wantsTls: false, isLocal: false };

test("askMysql() logs in by caching_sha2_password", async () => {
  const { talk, written } = scriptedTalk([
    mysqlPacket(0, greeting),
    mysqlPacket(2, Buffer.of(1, 3)),
    mysqlPacket(3, OK),
    mysqlPacket(1, OK),
  ]);
  const result = await askMysql(talk, { ...login, allowPublicKeyRetrieval: false }, "sesame");

  assert.deepEqual(result.details, { version: "8.4.0" });
  const sha = (...parts: Buffer[]): Buffer =>
    createHash("sha256").update(Buffer.concat(parts)).digest();
  const once = sha(Buffer.from("sesame"));
  const other = sha(sha(once), Buffer.from("abcdefghijklmnopqrst"));
  const proof = Buffer.from(once.map((byte, i) => byte ^ other[i]!));
  assert.ok(written().includes(proof));
});

test("askMysql() gives the whole password only where nobody can read it, or encrypted", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = publicKey.export({ type: "spki", format: "pem" });
  const says = [
    mysqlPacket(0, greeting),
    mysqlPacket(2, Buffer.of(1, 4)),
    mysqlPacket(4, Buffer.concat([Buffer.of(1), Buffer.from(pem)])),
    mysqlPacket(6, OK),
    mysqlPacket(1, OK),
  ];
  const refused = scriptedTalk(says);
  const asked = askMysql(refused.talk, { ...login, allowPublicKeyRetrieval: false }, "sesame");
  await assert.rejects(asked, { code: "FLX_CHECK_LOGIN", message: /allowPublicKeyRetrieval/ });
  assert.ok(!refused.written().includes("sesame"));

  const { talk, written } = scriptedTalk(says);
  await askMysql(talk, { ...login, allowPublicKeyRetrieval: true }, "sesame");
  const all = written();
  const sent = all.subarray(all.length - 10 - 256, all.length - 10);
  const nonce = Buffer.from("abcdefghijklmnopqrst");
  const plain = privateDecrypt({ key: privateKey, oaepHash: "sha1" }, sent);
  assert.equal(String(Buffer.from(plain.map((byte, i) => byte ^ nonce[i % 20]!))), "sesame\0");
  assert.ok(!all.includes("sesame"));
});

test("askRedis() knows the errors that are states", async () => {
  const f = async (says: string, want: string) => {
    const { talk } = scriptedTalk([says]);
    const result = await askRedis(talk, {}, undefined).catch((error: unknown) => String(error));
    assert.equal(typeof result === "string" ? result : result.status, want);
  };
  const info = (text: string): string => `$${text.length}\r\n${text}\r\n`;

  await f("-LOADING Redis is loading the dataset in memory\r\n", "degraded");
  await f("-MASTERDOWN Link with MASTER is down\r\n", "degraded");
  await f("-BUSY script\r\n", "CheckError: server:1 says: BUSY script");
  await f("-NOAUTH x\r\n", "CheckError: server:1 refused the password: it wants a password");
  const lag = "role:slave\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:31";
  await f(`+PONG\r\n${info(lag)}${info("")}`, "degraded");
  // A user who may not ask INFO is healthy all the same.
  const { talk } = scriptedTalk(["+PONG\r\n-NOPERM x\r\n-NOPERM x\r\n"]);
  assert.equal((await askRedis(talk, {}, undefined)).status, undefined);
});

test("askMongodb() knows the roles of a member", async () => {
  const f = async (
    hello: Parameters<typeof writeBson>[0],
    status: string | undefined,
    role: string,
  ) => {
    const answer = (number: number, document: Parameters<typeof writeBson>[0]): Buffer => {
      const body = writeBson(document);
      const head = Buffer.alloc(21);
      head.writeInt32LE(body.length + 21, 0);
      head.writeInt32LE(number, 8);
      head.writeInt32LE(2013, 12);
      return Buffer.concat([head, body]);
    };
    const { talk } = scriptedTalk([answer(1, { ...hello, ok: 1 }), answer(2, { ok: 1 })]);
    const asked = { authSource: "admin", writable: false, cache: {} };
    const result = await askMongodb(talk, asked, undefined);
    assert.deepEqual([result.status, result.details?.["role"]], [status, role]);
  };

  await f({ isWritablePrimary: true }, undefined, "standalone");
  await f({ msg: "isdbgrid" }, undefined, "router");
  await f({ setName: "rs", isWritablePrimary: true }, undefined, "primary");
  await f({ setName: "rs", secondary: true }, undefined, "secondary");
  await f({ setName: "rs", arbiterOnly: true }, undefined, "arbiter");
  await f({ setName: "rs" }, "degraded", "starting or recovering");
  await f({ isreplicaset: true }, "degraded", "starting or recovering");
});

test("askNats(), askMqtt() and askSmtp() know what is no good state", async () => {
  const leaving = scriptedTalk(['INFO {"ldm":true}\r\n', "PONG\r\n"]);
  const result = await askNats(leaving.talk, { wantsTls: false }, undefined);
  assert.equal(result.status, "degraded");

  const unavailable = scriptedTalk([Buffer.of(0x20, 2, 0, 3)]);
  await assert.rejects(askMqtt(unavailable.talk, "flx", undefined, undefined), /it is unavailable/);

  const wishes = { starttls: true, clientName: "flx", allowReadablePassword: false };
  const busy = scriptedTalk(["421 too busy\r\n"]);
  await assert.rejects(askSmtp(busy.talk, wishes, undefined), /says: too busy/);
  const injected = scriptedTalk([
    "220 a\r\n",
    "250-a\r\n250 STARTTLS\r\n",
    "220 go\r\n250 evil\r\n",
  ]);
  await assert.rejects(askSmtp(injected.talk, wishes, undefined), /bytes before TLS/);
  const open = { ...wishes, starttls: false, user: "app" };
  const readable = scriptedTalk(["220 a\r\n", "250-a\r\n250 AUTH PLAIN\r\n"], { isPrivate: false });
  await assert.rejects(askSmtp(readable.talk, open, "sesame"), { code: "FLX_CHECK_LOGIN" });
  assert.ok(!String(readable.written()).includes("AUTH"));
});

test("readTime() takes the time only of a server that knows it", () => {
  const f = (first: number, stratum: number) => {
    const packet = Buffer.alloc(48);
    packet[0] = first;
    packet[1] = stratum;
    packet.write("RATE", 12, "latin1");
    packet.writeUInt32BE(2_208_988_801, 32);
    packet.writeUInt32BE(0x8000_0000, 36);
    return readTime("time:123", packet);
  };

  assert.equal(f(0x24, 2).receivedMs, 1500);
  assert.throws(() => f(0x24, 0), /does not want to be asked \(RATE\)/);
  assert.throws(() => f(0xe4, 2), /does not know the time itself/);
  assert.throws(() => f(0x24, 16), /does not know the time itself/);
  assert.throws(() => f(0x23, 2), /answered no time/);
});

test("shown() takes out secrets in every form they are sent in, and what does not print", () => {
  const secrets = new Secrets('p"ss wörd', "ab");
  const f = (text: string, want: string) => assert.equal(shown(text, secrets), want);

  f('unknown command `AUTH p"ss wörd`', "unknown command `AUTH ***`");
  f(JSON.stringify({ pass: 'p"ss wörd' }), '{"pass":"***"}');
  f(encodeURIComponent('p"ss wörd'), "***");
  f(`token ${Buffer.from('p"ss wörd').toString("base64")}!`, "token ***!");
  f("crab", "cr***");
  f("a\r\n\tb\u001b[31m\u0000", "a b [31m");
  assert.equal(shown("x".repeat(1000), secrets).length, 203);
});

test("endpointOf() resolves URLs and options, and never quotes a URL", () => {
  const shape = { schemes: { "db:": false, "dbs:": true }, port: 1, tlsPort: 2 };
  const f = (options: Parameters<typeof endpointOf>[0], want: string) => {
    const { at, user, password, name, tls } = endpointOf(options, shape);
    assert.equal([at, user, password, name, tls !== undefined].join(" "), want);
  };

  f({}, "127.0.0.1:1    false");
  f({ tls: true }, "127.0.0.1:2    true");
  f({ url: "db://h" }, "h:1    false");
  f({ url: "dbs://h" }, "h:2    true");
  f({ url: "db://u%40:p%2F%25@h:5/a%20b?x=1" }, "h:5 u@ p/% a b false");
  f({ url: "db://u:p@h:5/n", user: "v", password: "q", port: 6, host: "i" }, "i:6 v q n false");
  f({ url: "db://[::1]:5/" }, "[::1]:5    false");
  f({ path: "/run/x" }, "/run/x    false");

  const wrong = [
    { url: "db://u:sesame@h:99999" },
    { url: "no url sesame" },
    { url: "http://u:sesame@h" },
    { url: "db://u:sesame%zz@h" },
    { port: 0 },
    { port: 1.5 },
  ];
  for (const options of wrong) {
    assert.throws(
      () => endpointOf(options, shape),
      (error: Error) =>
        Reflect.get(error, "code") === "FLX_CHECK_OPTIONS" && !error.message.includes("sesame"),
    );
  }
});
