// Who is on the other side of a span that has no span of the other side: a database, a queue, somebody that is not traced.
//
//   db.system.name  db.namespace                 database   postgresql:orders
//   messaging.system  messaging.destination.*    queue      kafka:order-events
//   peer.service, service.peer.name              peer       billing
//   server.address  server.port                  peer       10.0.0.7:8443
//   url.full                                     peer       api.example.com
//   rpc.service                                  peer       shop.payments.v1.Payments
//
// Attributes have their names of today and those of before, which most of what is deployed still sends. Names that hold an id
// are left out: queues that are temporary go by their system alone.
//
// Source: https://opentelemetry.io/docs/specs/semconv/ (database, messaging, rpc, general) and its older versions

import { type OtlpValue, valueText } from "@flx/model";
import { KIND, type SaidValues, type TracedSpan, WantedAttributes } from "./traced-span.ts";

/** What a span says about the other side. */
export interface Peer {
  readonly type: "database" | "queue" | "peer";
  /** "" when it does not say. */
  readonly name: string;
  /** Of a call to a queue: does the message come from there, or is it none that counts? */
  readonly message: "sent" | "received" | "none";
}

const SAID = [
  "dbSystem",
  "dbNamespace",
  "queueSystem",
  "queueTemplate",
  "queue",
  "isTemporary",
  "operation",
  "service",
  "address",
  "addressBefore",
  "port",
  "url",
  "rpcService",
] as const;

type Said = (typeof SAID)[number];

const KEYS: readonly (readonly [key: string, said: Said])[] = [
  ["db.system.name", "dbSystem"],
  ["db.system", "dbSystem"],
  ["db.namespace", "dbNamespace"],
  ["db.name", "dbNamespace"],
  ["messaging.system", "queueSystem"],
  ["messaging.destination.template", "queueTemplate"],
  ["messaging.destination.name", "queue"],
  ["messaging.destination", "queue"],
  ["messaging.destination.temporary", "isTemporary"],
  ["messaging.destination.anonymous", "isTemporary"],
  ["messaging.temp_destination", "isTemporary"],
  ["messaging.operation.type", "operation"],
  ["messaging.operation", "operation"],
  ["peer.service", "service"],
  ["service.peer.name", "service"],
  ["server.address", "address"],
  ["net.peer.name", "address"],
  ["net.sock.peer.name", "addressBefore"],
  ["net.peer.ip", "addressBefore"],
  ["net.sock.peer.addr", "addressBefore"],
  ["network.peer.address", "addressBefore"],
  ["server.port", "port"],
  ["net.peer.port", "port"],
  ["url.full", "url"],
  ["http.url", "url"],
  ["rpc.service", "rpcService"],
];

const WANTED = new WantedAttributes(new Map(KEYS.map(([key, said]) => [key, SAID.indexOf(said)])));
const SHARED = new WantedAttributes(new Map([["zipkin.shared", 0]]));

const MAX_NAME = 256;
/** Used again for each span: good until the next one is looked at. */
const said: SaidValues = [];
const [DB_SYSTEM, DB_NAMESPACE] = [SAID.indexOf("dbSystem"), SAID.indexOf("dbNamespace")];

/** What a span of a client, producer or consumer says of its peer. */
export function peerOf(span: TracedSpan): Peer {
  said.fill(undefined);
  if (!span.said(WANTED, said)) return span.kind === KIND.client ? NOBODY : nameless(span.kind);
  if (span.kind === KIND.client) {
    const system = nameOf(said[DB_SYSTEM]);
    if (system !== "") return database(system, nameOf(said[DB_NAMESPACE]) || hostOf());
  }
  if (text("queueSystem") !== "" || span.kind === KIND.producer || span.kind === KIND.consumer) {
    return {
      type: "queue",
      name: queueName(isTrue(said[SAID.indexOf("isTemporary")])),
      message: messageOf(span.kind, text("operation")),
    };
  }
  return { type: "peer", name: peerName(), message: "none" };
}

/** Whether a server's span has the id of its client's, as Zipkin's clients do it. */
export function isShared(span: TracedSpan): boolean {
  said.fill(undefined);
  return span.said(SHARED, said) && isTrue(said[0]);
}

function text(what: Said): string {
  return nameOf(said[SAID.indexOf(what)]);
}

const NOBODY: Peer = { type: "peer", name: "", message: "none" };

function nameless(kind: number): Peer {
  return { type: "queue", name: "", message: messageOf(kind, "") };
}

/** Databases by system and name: there are few, and most spans are of them. */
const databases = new Map<string, Map<string, Peer>>();
const MAX_DATABASES = 1_000;

function database(system: string, name: string): Peer {
  const known = databases.get(system)?.get(name);
  if (known !== undefined) return known;
  const made: Peer = { type: "database", name: joined(system, name), message: "none" };
  const ofSystem = databases.get(system) ?? new Map<string, Peer>();
  if (databases.size >= MAX_DATABASES || ofSystem.size >= MAX_DATABASES) databases.clear();
  databases.set(system, ofSystem.set(name, made));
  return made;
}

function peerName(): string {
  return text("service") || hostOf() || urlHost(text("url")) || text("rpcService");
}

function hostOf(): string {
  const address = text("address") || text("addressBefore");
  if (address === "") return "";
  const port = text("port");
  return port === "" || port === "0" ? address : joined(address, port);
}

function queueName(isTemporary: boolean): string {
  const system = text("queueSystem");
  const destination = text("queueTemplate") || (isTemporary ? "" : text("queue"));
  // Zipkin's spans name the broker and nothing else.
  return system === "" ? destination || text("service") : joined(system, destination);
}

function messageOf(kind: number, operation: string): Peer["message"] {
  if (kind === KIND.producer) return "sent";
  if (kind === KIND.consumer) return "received";
  if (operation === "settle" || operation === "create") return "none";
  return operation === "receive" || operation === "process" ? "received" : "sent";
}

function joined(system: string, name: string): string {
  return name === "" ? system : `${system}:${name}`;
}

function urlHost(url: string): string {
  if (url === "" || !URL.canParse(url)) return "";
  return new URL(url).host.slice(0, MAX_NAME);
}

function nameOf(value: OtlpValue): string {
  if (value === undefined) return "";
  if (typeof value === "string" && value.length <= MAX_NAME) return value;
  if (typeof value === "object") return "";
  return valueText(value).toWellFormed().slice(0, MAX_NAME).toWellFormed();
}

function isTrue(value: OtlpValue): boolean {
  return value === true || value === "true";
}
