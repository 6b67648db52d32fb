// Kafka, and what else speaks its protocol: ApiVersions, [SASL,] Metadata of one broker.
//
//   request    ┌length i32┐┌kind i16┐┌version i16┐┌number i32┐┌client┐┌body┐        answer   ┌length┐┌number┐┌body┐
//
//   ─► 18 ApiVersions 0       which requests in which versions
//   ─► 17 SaslHandshake 1     only with a user     36 SaslAuthenticate 0: PLAIN or SCRAM-SHA-256
//   ─► 3 Metadata 1 to 5      brokers, controller, and of the wanted topics: leaders and replicas in sync
//
// Source: kafka.apache.org/protocol.

import type { CheckContext, CheckResult, HealthCheck } from "../health-check.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { endpointOf, type LoginOptions } from "./endpoint.ts";
import { Scram, type ScramCache } from "./scram.ts";
import { serverCheck, timed, withDeadline } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** A connected admin client of `kafkajs`. */
export interface KafkaClient {
  describeCluster(): Promise<{
    readonly brokers: readonly unknown[];
    readonly controller: number | null;
  }>;
}

/** Which Kafka, and what it must be like. */
export interface KafkaOptions extends LoginOptions {
  /** Asks through this admin client instead of a connection of its own; knows nothing of topics. */
  readonly client?: KafkaClient;
  /** How the user logs in. Default "scram-sha-256". */
  readonly mechanism?: "plain" | "scram-sha-256";
  /** Fewer brokers are degraded. Default 1. */
  readonly minBrokers?: number;
  /** Topics that must be there, with a leader for each partition. */
  readonly topics?: readonly string[];
  /** Send the password readable (mechanism "plain") on an open network. Default false. */
  readonly allowReadablePassword?: boolean;
}

/**
 * A check of one Kafka broker and what it knows of its cluster (`kafka://user:password@host:9092`, `kafkas://` for TLS).
 *
 * - healthy: it knows enough brokers, a controller, and of the wanted topics all partitions in sync
 * - degraded: too few brokers, no controller, partitions with replicas out of sync; slow
 * - unhealthy: no connection, credentials refused, a wanted topic is not there or has a partition without a leader
 *
 * Measures `latency_ms`, `brokers`, `partitions_out_of_sync`, `partitions_without_leader`.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function kafka(options: KafkaOptions = {}): HealthCheck {
  const { client, degradedMs, minBrokers = 1 } = options;
  if (client !== undefined) return (context) => askClient(client, options, context);
  const endpoint = endpointOf(options, {
    schemes: { "kafka:": false, "kafkas:": true },
    port: 9092,
  });
  const login: KafkaLogin = {
    mechanism: options.mechanism ?? "scram-sha-256",
    allowReadablePassword: options.allowReadablePassword ?? false,
    minBrokers,
    topics: options.topics ?? [],
    cache: {},
    ...(endpoint.user === undefined ? {} : { user: endpoint.user }),
  };
  return serverCheck(endpoint, degradedMs, (talk, password) => askKafka(talk, login, password));
}

/** What the conversation needs to know. */
export interface KafkaLogin {
  readonly user?: string;
  readonly mechanism: "plain" | "scram-sha-256";
  readonly allowReadablePassword: boolean;
  readonly minBrokers: number;
  readonly topics: readonly string[];
  readonly cache: ScramCache;
  /** Random, for tests. */
  readonly nonce?: string;
}

async function askClient(
  client: KafkaClient,
  { degradedMs, minBrokers = 1 }: KafkaOptions,
  context: CheckContext,
): Promise<CheckResult> {
  return timed(degradedMs, async () => {
    const { brokers, controller } = await withDeadline(client.describeCluster(), context);
    const hasController = controller !== null && controller >= 0;
    return clusterState({ brokers: brokers.length, hasController, topics: [] }, minBrokers);
  });
}

const [METADATA, SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE] = [3, 17, 18, 36] as const;
/** The versions of Metadata that are read here. */
const [OLDEST, NEWEST] = [1, 5] as const;
const MAX_ITEMS = 100_000;

/** The conversation. */
export async function askKafka(
  talk: Talk,
  login: KafkaLogin,
  password: string | undefined,
): Promise<CheckResult> {
  const requests = new Requests(talk);
  const version = metadataVersion(
    talk,
    await requests.ask(API_VERSIONS, 0, Buffer.alloc(0), "its versions"),
  );
  if (login.user !== undefined) await logIn(talk, requests, login, login.user, password ?? "");
  const wish = new ByteWriter().i32be(login.topics.length);
  for (const topic of login.topics) wish.bytes(text(topic));
  if (version >= 4) wish.u8(0);
  const answer = await requests.ask(METADATA, version, wish.done(), "its metadata");
  return clusterState(readMetadata(talk, answer, version), login.minBrokers);
}

class Requests {
  readonly #talk: Talk;
  #number = 0;

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  async ask(kind: number, version: number, body: Buffer, awaited: string): Promise<ByteReader> {
    const talk = this.#talk;
    const number = ++this.#number;
    const request = new ByteWriter()
      .i16be(kind)
      .i16be(version)
      .i32be(number)
      .bytes(text("flx-health"))
      .bytes(body)
      .done();
    talk.write(new ByteWriter().i32be(request.length).bytes(request).done());
    const head = await talk.read(8, awaited);
    const length = head.readInt32BE(0);
    if (length < 4 || head.readInt32BE(4) !== number) {
      throw talk.wrong(`"${talk.shown(head)}", which is not Kafka's protocol`);
    }
    return new ByteReader(await talk.read(length - 4, awaited), `the answer of ${talk.at}`);
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value).subarray(0, 32_767);
  return new ByteWriter().i16be(bytes.length).bytes(bytes).done();
}

function readText(reader: ByteReader): string {
  return reader.text(Math.max(0, reader.i16be()));
}

/** An array: each item takes some bytes, so a count beyond the message is found out by reading. */
function readMany<T>(reader: ByteReader, talk: Talk, read: () => T): T[] {
  const count = reader.i32be();
  if (count > MAX_ITEMS) throw talk.wrong(`a list of ${count}`);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}

function metadataVersion(talk: Talk, reader: ByteReader): number {
  if (reader.i16be() !== 0) throw talk.wrong("an error to the question for its versions");
  let version: number | undefined;
  readMany(reader, talk, () => {
    const [kind, from, to] = [reader.i16be(), reader.i16be(), reader.i16be()];
    const best = Math.min(to, NEWEST);
    if (kind === METADATA && best >= Math.max(from, OLDEST)) version = best;
  });
  if (version === undefined) throw talk.wrong("that it speaks no version of Metadata that we do");
  return version;
}

async function logIn(
  talk: Talk,
  requests: Requests,
  login: KafkaLogin,
  user: string,
  password: string,
): Promise<void> {
  const handshake = await requests.ask(
    SASL_HANDSHAKE,
    1,
    text(login.mechanism.toUpperCase()),
    "an answer to the login",
  );
  if (handshake.i16be() !== 0) {
    throw talk.answered(`it has no login by ${login.mechanism.toUpperCase()}`);
  }
  const step = async (message: string): Promise<string> => {
    const bytes = Buffer.from(message);
    const body = new ByteWriter().i32be(bytes.length).bytes(bytes).done();
    const answer = await requests.ask(SASL_AUTHENTICATE, 0, body, "an answer to the login");
    const code = answer.i16be();
    const words = readText(answer);
    if (code !== 0) throw talk.loginRefused(user, words);
    return answer.text(Math.max(0, answer.i32be()));
  };
  if (login.mechanism === "plain") {
    talk.requirePrivacy(login.allowReadablePassword);
    await step(`\0${user}\0${password}`);
    return;
  }
  const random = login.nonce === undefined ? {} : { nonce: login.nonce };
  const scram = new Scram({ user, password, at: talk.at, cache: login.cache, ...random });
  await scram.verify(await step(await scram.final(await step(scram.first()))));
}

interface Cluster {
  readonly brokers: number;
  readonly hasController: boolean;
  readonly topics: readonly Topic[];
}

interface Topic {
  readonly name: string;
  readonly isThere: boolean;
  readonly withoutLeader: number;
  readonly outOfSync: number;
}

function readMetadata(talk: Talk, reader: ByteReader, version: number): Cluster {
  if (version >= 3) reader.skip(4);
  const brokers = readMany(reader, talk, () => {
    reader.skip(4);
    readText(reader);
    reader.skip(4);
    readText(reader);
  });
  if (version >= 2) readText(reader);
  const controller = reader.i32be();
  const topics = readMany(reader, talk, () => readTopic(talk, reader, version));
  return { brokers: brokers.length, hasController: controller >= 0, topics };
}

function readTopic(talk: Talk, reader: ByteReader, version: number): Topic {
  const error = reader.i16be();
  const name = talk.shown(readText(reader));
  reader.skip(1);
  let [withoutLeader, outOfSync] = [0, 0];
  readMany(reader, talk, () => {
    reader.skip(6);
    const leader = reader.i32be();
    const replicas = readMany(reader, talk, () => reader.skip(4)).length;
    const inSync = readMany(reader, talk, () => reader.skip(4)).length;
    if (version >= 5) readMany(reader, talk, () => reader.skip(4));
    if (leader < 0) withoutLeader++;
    if (inSync < replicas) outOfSync++;
  });
  // 5: some partition has no leader, which is counted above.
  return { name, isThere: error === 0 || error === 5, withoutLeader, outOfSync };
}

function clusterState(
  { brokers, hasController, topics }: Cluster,
  minBrokers: number,
): CheckResult {
  const sum = (count: (topic: Topic) => number): number =>
    topics.reduce((all, topic) => all + count(topic), 0);
  const [withoutLeader, outOfSync] = [sum((t) => t.withoutLeader), sum((t) => t.outOfSync)];
  const measurements = {
    brokers: { value: brokers, limit: minBrokers },
    ...(topics.length === 0
      ? {}
      : {
          partitions_without_leader: { value: withoutLeader },
          partitions_out_of_sync: { value: outOfSync },
        }),
  };
  const missing = topics.filter((topic) => !topic.isThere).map((topic) => topic.name);
  if (missing.length > 0) {
    const message = `no topic ${missing.slice(0, 5).join(", ")}`;
    return { measurements, status: "unhealthy", message };
  }
  if (withoutLeader > 0) {
    const message = `${withoutLeader} partitions have no leader`;
    return { measurements, status: "unhealthy", message };
  }
  const message =
    brokers < minBrokers
      ? `${brokers} brokers, wanted are ${minBrokers}`
      : !hasController
        ? "the cluster has no controller"
        : outOfSync > 0
          ? `${outOfSync} partitions have replicas that are out of sync`
          : undefined;
  return message === undefined ? { measurements } : { measurements, status: "degraded", message };
}
