// Whatever a server says, a conversation ends: with a result or with a CheckError, having read no more than allowed.
//
// Said are random bytes; and a real conversation with bytes changed, left out or put in, cut into pieces anywhere; and
// the same piece without end. What a real server says is written down here for each protocol.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { scriptedTalk } from "../testing/scripted-talk.ts";
import { writeBson } from "./bson.ts";
import { CheckError } from "./check-error.ts";
import { askKafka } from "./kafka.ts";
import { askMemcached } from "./memcached.ts";
import { askMongodb } from "./mongodb.ts";
import { askMqtt } from "./mqtt.ts";
import { askMysql } from "./mysql.ts";
import { askNats } from "./nats.ts";
import { readTime } from "./ntp.ts";
import { askPostgres } from "./postgres.ts";
import { askRabbitmq } from "./rabbitmq.ts";
import { askRedis } from "./redis.ts";
import { Secrets } from "./server-text.ts";
import { askSmtp } from "./smtp.ts";
import type { Talk } from "./talk.ts";
import { askWebsocket } from "./websocket.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");
const packet = (type: string, body: string): Buffer =>
  Buffer.concat([
    Buffer.from(type),
    hex((body.length + 4).toString(16).padStart(8, "0")),
    Buffer.from(body, "latin1"),
  ]);
const mysqlPacket = (number: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.of(body.length, 0, 0, number), body]);
const mongoAnswer = (number: number, document: Parameters<typeof writeBson>[0]): Buffer => {
  const body = writeBson(document);
  const head = Buffer.alloc(21);
  head.writeInt32LE(body.length + 21, 0);
  head.writeInt32LE(number, 8);
  head.writeInt32LE(2013, 12);
  return Buffer.concat([head, body]);
};
const kafkaAnswer = (number: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 4, 0);
  head.writeInt32BE(number, 4);
  return Buffer.concat([head, body]);
};
const amqpFrame = (body: Buffer): Buffer => {
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 3);
  return Buffer.concat([head, body, Buffer.of(0xce)]);
};

const greeting = Buffer.concat([
  Buffer.of(10),
  Buffer.from("5.5.5-10.11.6-MariaDB\0"),
  hex("01000000 6162636465666768 00 fef7 2d 0200 ffc1 15 000000000000 1d000000"),
  Buffer.from("ijklmnopqrst\0mysql_native_password\0"),
]);
const table = Buffer.from("\x07versionS\0\0\0\x063.10.8\x07productS\0\0\0\x08RabbitMQ", "latin1");

/** Each conversation, and what a server says in it that makes it end well. */
const protocols: Readonly<
  Record<string, { ask: (talk: Talk) => Promise<unknown>; says: readonly Buffer[] }>
> = {
  postgres: {
    ask: (talk) =>
      askPostgres(
        talk,
        { user: "app", database: "x", query: "SELECT 1", wantsTls: false, cache: {} },
        "sesame",
      ),
    says: [
      packet("R", "\0\0\0\x05salt"),
      packet("R", "\0\0\0\0"),
      packet("S", "server_version\x0016.1\0"),
      packet("Z", "I"),
      packet("D", "\0\x01\0\0\0\x011"),
      packet("C", "SELECT 1\0"),
      packet("Z", "I"),
    ],
  },
  mysql: {
    ask: (talk) =>
      askMysql(
        talk,
        {
          user: "app",
          database: "",
          wantsTls: false,
          isLocal: false,
          allowPublicKeyRetrieval: true,
          query: "SELECT 1",
        },
        "sesame",
      ),
    says: [
      mysqlPacket(0, greeting),
      mysqlPacket(2, Buffer.from("\xfemysql_native_password\0abcdefghijklmnopqrst\0", "latin1")),
      mysqlPacket(4, hex("00 00 00 02 00 00 00")),
      mysqlPacket(1, hex("01")),
      mysqlPacket(2, Buffer.from("column")),
      mysqlPacket(3, hex("fe 00 00 02 00")),
      mysqlPacket(4, Buffer.from("\x011", "latin1")),
      mysqlPacket(5, hex("fe 00 00 02 00")),
    ],
  },
  redis: {
    ask: (talk) => askRedis(talk, {}, "sesame"),
    says: [
      Buffer.from("+OK\r\n+PONG\r\n$35\r\nrole:slave\r\nmaster_link_status:up\r\n\r\n"),
      Buffer.from("$21\r\nredis_version:7.0.15\n\r\n"),
    ],
  },
  mongodb: {
    ask: (talk) => askMongodb(talk, { authSource: "admin", writable: true, cache: {} }, undefined),
    says: [
      mongoAnswer(1, { ok: 0, code: 59, errmsg: "no such command" }),
      mongoAnswer(2, {
        ismaster: true,
        setName: "rs0",
        maxWireVersion: 21,
        hosts: { 0: "a:1" },
        ok: 1,
      }),
      mongoAnswer(3, { ok: 1 }),
    ],
  },
  memcached: {
    ask: (talk) => askMemcached(talk, "app", "sesame"),
    says: [Buffer.from("STORED\r\n"), Buffer.from("VERSION 1.6.18\r\n")],
  },
  rabbitmq: {
    ask: (talk) => askRabbitmq(talk, { user: "app", vhost: "/" }, "sesame"),
    says: [
      amqpFrame(
        Buffer.concat([
          hex("000a 000a 00 09"),
          hex("00000028"),
          table,
          Buffer.from("\0\0\0\x05PLAIN\0\0\0\0"),
        ]),
      ),
      amqpFrame(hex("000a 001e 07ff 00020000 003c")),
      amqpFrame(hex("000a 0029 00")),
      amqpFrame(hex("000a 0033")),
    ],
  },
  nats: {
    ask: (talk) => askNats(talk, { user: "app", wantsTls: false }, "sesame"),
    says: [
      Buffer.from('INFO {"version":"2.9.10","server_name":"a","ldm":true}\r\n'),
      Buffer.from('+OK\r\nINFO {"ldm":false}\r\nPING\r\nPONG\r\n'),
    ],
  },
  kafka: {
    ask: (talk) =>
      askKafka(
        talk,
        {
          mechanism: "plain",
          allowReadablePassword: false,
          minBrokers: 2,
          topics: ["orders"],
          cache: {},
        },
        undefined,
      ),
    says: [
      kafkaAnswer(1, hex("0000 00000001 0003 0000 0005")),
      kafkaAnswer(
        2,
        Buffer.concat([
          hex("00000000 00000001 00000001 0001 61 00002384 ffff ffff 00000001 00000001 0000 0006"),
          Buffer.from("orders"),
          hex("00 00000001 0000 00000000 00000001 00000001 00000001 00000001 00000001 00000000"),
        ]),
      ),
    ],
  },
  mqtt: {
    ask: (talk) => askMqtt(talk, "flx", "app", "sesame"),
    says: [hex("20 02 00 00"), hex("30 04 0001 61 62"), hex("d0 00")],
  },
  smtp: {
    ask: (talk) =>
      askSmtp(
        talk,
        { starttls: false, clientName: "flx", allowReadablePassword: false, user: "app" },
        "sesame",
      ),
    says: [
      Buffer.from("220 mail.test ESMTP\r\n"),
      Buffer.from("250-mail.test\r\n250-SIZE 1000\r\n250 AUTH PLAIN LOGIN\r\n"),
      Buffer.from("235 welcome\r\n"),
    ],
  },
  websocket: {
    ask: (talk) =>
      askWebsocket(talk, {
        target: "/",
        head: "",
        protocols: [],
        ping: false,
        key: "dGhlIHNhbXBsZSBub25jZQ==",
      }),
    says: [
      Buffer.from("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"),
      // The key and its answer of RFC 6455.
      Buffer.from("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
    ],
  },
};

const pieces = (whole: Buffer, sizes: readonly number[]): Buffer[] => {
  const parts: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < whole.length; i++) {
    const size = sizes[i % Math.max(1, sizes.length)] ?? whole.length;
    parts.push(whole.subarray(at, (at += size)));
  }
  return parts;
};

/** Bytes changed, left out, or put in. */
const changes = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    take: fc.integer({ min: 0, max: 9 }),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 9 }),
      fc.constantFrom(...["ffffffff", "7fffffff", "80000000", "00", "0a", "0d0a"].map(hex)),
    ),
  }),
  { maxLength: 3 },
);

for (const [name, { ask, says }] of Object.entries(protocols)) {
  const whole = Buffer.concat(says);
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

  test(`${name}: what a real server says ends well, in pieces of any size`, async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async (parts) => {
        await ask(scriptedTalk(pieces(whole, parts)).talk);
      }),
      { numRuns: 30 },
    );
  });

  test(`${name}: any other bytes end in a CheckError or a result`, async () => {
    const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    const changed = changes.map((all) =>
      all.reduce((bytes, { at, take, put }) => {
        const from = Math.floor(at * bytes.length);
        return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + take)]);
      }, whole),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 1, arbitrary: random }, { weight: 4, arbitrary: changed }),
        sizes,
        (bytes, parts) => endsInWords(ask, () => pieces(bytes, parts)),
      ),
      { numRuns: 300 },
    );
  });

  test(`${name}: a server that never stops is stopped`, async () => {
    // Each message again and again, after those that come before it.
    for (const [i, message] of says.entries()) {
      const before = says.slice(0, i);
      const { talk } = scriptedTalk(() => before.shift() ?? message, { maxBytes: 20_000 });
      await ask(talk).then(() => undefined, isCheckError);
    }
  });
}

async function endsInWords(
  ask: (talk: Talk) => Promise<unknown>,
  says: () => readonly Buffer[],
): Promise<void> {
  const secrets = new Secrets("sesame");
  const { talk } = scriptedTalk(says(), { secrets });
  try {
    await ask(talk);
  } catch (error) {
    isCheckError(error);
    assert.ok(!String(error).includes("sesame"));
    assert.match(String(error), /^CheckError: .{5,600}$/s);
  }
}

function isCheckError(error: unknown): void {
  // Anything else is a crash: its stack is what one wants to see.
  if (!(error instanceof CheckError)) throw error;
}

test("readTime() survives any packet", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 48, maxLength: 60 }), (bytes) => {
      try {
        const { receivedMs, sentMs } = readTime("time:123", Buffer.from(bytes));
        assert.ok(Number.isFinite(receivedMs) && Number.isFinite(sentMs));
      } catch (error) {
        isCheckError(error);
      }
    }),
  );
});
