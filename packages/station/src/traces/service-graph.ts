// Who calls whom: edges between services, and to what is no service: databases, queues, peers that are not traced, the user.
//
//   traces_service_graph_request_total                      {client, server, connection_type}
//   traces_service_graph_request_failed_total               one of its sides says error
//   traces_service_graph_request_client_seconds             native histograms, with exemplars
//   traces_service_graph_request_server_seconds
//   traces_service_graph_request_messaging_system_seconds   from the end of sending to the begin of handling
//   traces_service_graph_unpaired_spans_total               the other side never came, and nothing says who it is
//
//   client ── server            gateway ─────────────► orders          connection_type ""
//   server without parent       user ────────────────► gateway         virtual_node
//   client, db.system.name      orders ──────────────► sqlite:orders   database
//   producer, consumer          orders ─► kafka:paid ─► mailer         messaging_system, twice; without a name of the queue
//                                                                      once, from service to service
//   client, nobody answers      orders ──────────────► api.bank.com    virtual_node; the service known at that address
//
// Which edge a span makes is known at once for all but two: a client whose server is a span, and both sides of a queue of which
// only one knows the name. These wait in a room (waiting-room.ts).
//
// Names and labels are those of Grafana Tempo's service graphs, so that Grafana's view of them works. Otherwise than there, a
// queue that has a name is a node.

import { Labels } from "@flx/model";
import { CounterSeries, HistogramSeries, type ObservedIn } from "./generated-series.ts";
import { KnownPeers } from "./known-peers.ts";
import { isShared, type Peer, peerOf } from "./peer.ts";
import type { SeriesWriter } from "./series-writer.ts";
import { KIND, STATUS_ERROR, type TracedSpan } from "./traced-span.ts";
import { type Side, WaitingRoom } from "./waiting-room.ts";

/** Bounds of the graph. */
export interface ServiceGraphLimits {
  /** How long one side of a call waits for the other, ms. */
  readonly wait: number;
  /** How many spans wait at most. */
  readonly waiting: number;
  /** Edges, each with up to five series. */
  readonly edges: number;
}

/** What is on the other side of an edge that is not between two services by a call. */
export type ConnectionType = "" | "database" | "messaging_system" | "virtual_node";

/** Who begins a trace. */
export const USER = "user";

export const REQUESTS = "traces_service_graph_request_total";
export const FAILED = "traces_service_graph_request_failed_total";
export const CLIENT_SECONDS = "traces_service_graph_request_client_seconds";
export const SERVER_SECONDS = "traces_service_graph_request_server_seconds";
export const QUEUE_SECONDS = "traces_service_graph_request_messaging_system_seconds";
export const UNPAIRED = "traces_service_graph_unpaired_spans_total";

/** A span that waits: what an edge needs of it. */
interface Waiting {
  readonly service: string;
  readonly peer: Peer | undefined;
  readonly isError: boolean;
  readonly seconds: number;
  readonly startMs: number;
  readonly seen: ObservedIn;
  /** Its own edge, to or from a queue, is counted already. */
  readonly isCounted: boolean;
}

interface Edge {
  readonly requests: CounterSeries;
  readonly failed: CounterSeries;
  readonly labels: Readonly<Record<string, string>>;
  client: HistogramSeries | undefined;
  server: HistogramSeries | undefined;
  queue: HistogramSeries | undefined;
}

/** One side's time. */
interface Timed {
  readonly seconds: number;
  readonly seen: ObservedIn;
}

const MAX_LINKS = 8;

/** Finds the edges that spans make. */
export class ServiceGraph {
  readonly #limits: ServiceGraphLimits;
  readonly #room: WaitingRoom<Waiting>;
  readonly #known = new KnownPeers();
  readonly #edges: Readonly<Record<ConnectionType, Map<string, Map<string, Edge>>>> = {
    "": new Map(),
    database: new Map(),
    messaging_system: new Map(),
    virtual_node: new Map(),
  };
  #edgeCount = 0;
  readonly #unpaired = new Map<string, CounterSeries>();
  #beyond: Edge | undefined;
  /** Unix milliseconds, of what is done now. */
  #nowMs = 0;
  /** Calls that were counted in the overflow series. */
  overflowed = 0;

  constructor(limits: ServiceGraphLimits) {
    this.#limits = limits;
    this.#room = new WaitingRoom(limits.waiting, limits.wait, {
      pair: (caller, called) => this.#pair(caller, called),
      alone: (guest, side) => this.#alone(guest, side),
    });
  }

  /** How many edges there are. */
  get edges(): number {
    return this.#edgeCount;
  }

  /** How many spans wait for their other side, and how many had to leave early. */
  get waiting(): { readonly spans: number; readonly early: number } {
    return { spans: this.#room.guests, early: this.#room.early };
  }

  /**
   * Takes a span.
   *
   * @param nowMs     Unix milliseconds
   * @param elapsedMs milliseconds that never go back
   */
  add(span: TracedSpan, nowMs: number, elapsedMs: number): void {
    this.#nowMs = nowMs;
    switch (span.kind) {
      case KIND.client:
      case KIND.producer:
        this.#caller(span, elapsedMs);
        return;
      case KIND.server:
        this.#server(span, elapsedMs);
        return;
      case KIND.consumer:
        this.#consumer(span, elapsedMs);
        return;
      default:
    }
  }

  #caller(span: TracedSpan, elapsedMs: number): void {
    const peer = peerOf(span);
    const isError = span.status === STATUS_ERROR;
    if (peer.type === "database") {
      const timed = { seconds: span.seconds, seen: span };
      this.#count(span.service, peer.name, "database", isError, timed, timed);
      return;
    }
    if (peer.type === "queue" && span.kind === KIND.client) {
      if (peer.name !== "" && peer.message !== "none") this.#message(span, peer);
      return;
    }
    const isCounted = peer.type === "queue" && peer.name !== "";
    if (isCounted) this.#message(span, peer);
    this.#room.enter(span.ownKey, "caller", waitingOf(span, peer, isCounted), elapsedMs);
  }

  /** The edge of a message to a queue, or from there. */
  #message(span: TracedSpan, peer: Peer): void {
    const timed = { seconds: span.seconds, seen: span };
    const isError = span.status === STATUS_ERROR;
    if (peer.message === "received") {
      this.#count(peer.name, span.service, "messaging_system", isError, undefined, timed);
    } else this.#count(span.service, peer.name, "messaging_system", isError, timed, undefined);
  }

  #server(span: TracedSpan, elapsedMs: number): void {
    const shared = isShared(span);
    if (span.isRoot && !shared) {
      const timed = { seconds: span.seconds, seen: span };
      const isError = span.status === STATUS_ERROR;
      this.#count(USER, span.service, "virtual_node", isError, undefined, timed);
      return;
    }
    const key = shared ? span.ownKey : span.parentKey;
    this.#room.enter(key, "called", waitingOf(span, undefined, false), elapsedMs);
  }

  #consumer(span: TracedSpan, elapsedMs: number): void {
    const peer = peerOf(span);
    const isCounted = peer.name !== "";
    if (isCounted) this.#message(span, peer);
    const keys = span.linkKeys(MAX_LINKS);
    if (!span.isRoot) keys.push(span.parentKey);
    if (keys.length === 0) {
      if (!isCounted) this.#unpairedSpan("", span.service);
      return;
    }
    // One span may handle the messages of several producers: each that waits is a pair.
    const here = keys.filter((key) => this.#room.waits(key, "caller"));
    const guest = waitingOf(span, peer, isCounted);
    for (const key of here.length > 0 ? here : keys.slice(0, 1)) {
      this.#room.enter(key, "called", guest, elapsedMs);
    }
  }

  #pair(caller: Waiting, called: Waiting): void {
    const isQueue = caller.peer?.type === "queue" || called.peer?.type === "queue";
    if (isQueue) {
      this.#messagePair(caller, called);
      return;
    }
    const isError = caller.isError || called.isError;
    this.#count(caller.service, called.service, "", isError, caller, called);
    this.#known.learn(caller.service, caller.peer?.name ?? "", called.service);
  }

  #messagePair(caller: Waiting, called: Waiting): void {
    const type = "messaging_system";
    const queue = (caller.peer?.type === "queue" && caller.peer.name) || called.peer?.name || "";
    if (queue === "") {
      const isError = caller.isError || called.isError;
      this.#count(caller.service, called.service, type, isError, caller, called);
    } else {
      if (!caller.isCounted) {
        this.#count(caller.service, queue, type, caller.isError, caller, undefined);
      }
      if (!called.isCounted) {
        this.#count(queue, called.service, type, called.isError, undefined, called);
      }
    }
    const seconds = Math.max(0, (called.startMs - caller.seen.endMs) / 1_000);
    const edge = this.#edge(queue === "" ? caller.service : queue, called.service, type);
    edge.queue ??= this.#histogram(edge, QUEUE_SECONDS);
    edge.queue.observe(seconds, this.#nowMs, called.seen);
  }

  #alone(guest: Waiting, side: Side): void {
    if (guest.isCounted) return;
    if (side === "called") {
      this.#unpairedSpan("", guest.service);
      return;
    }
    const address = guest.peer?.name ?? "";
    const service = this.#known.at(guest.service, address);
    if (service !== undefined) {
      this.#count(guest.service, service, "", guest.isError, guest, undefined);
    } else if (address !== "") {
      this.#count(guest.service, address, "virtual_node", guest.isError, guest, undefined);
    } else this.#unpairedSpan(guest.service, "");
  }

  /** Those that have waited long enough leave; all of them when the station ends. */
  expire(nowMs: number, elapsedMs: number): void {
    this.#nowMs = nowMs;
    this.#room.expire(elapsedMs);
  }

  #count(
    client: string,
    server: string,
    type: ConnectionType,
    isError: boolean,
    clientSide: Timed | undefined,
    serverSide: Timed | undefined,
  ): void {
    const edge = this.#edge(client, server, type);
    edge.requests.add(this.#nowMs);
    if (isError) edge.failed.add(this.#nowMs);
    if (clientSide !== undefined) {
      edge.client ??= this.#histogram(edge, CLIENT_SECONDS);
      edge.client.observe(clientSide.seconds, this.#nowMs, clientSide.seen);
    }
    if (serverSide !== undefined) {
      edge.server ??= this.#histogram(edge, SERVER_SECONDS);
      edge.server.observe(serverSide.seconds, this.#nowMs, serverSide.seen);
    }
  }

  #edge(client: string, server: string, type: ConnectionType): Edge {
    const known = this.#edges[type].get(client)?.get(server);
    if (known !== undefined) return known;
    if (this.#edgeCount >= this.#limits.edges) {
      this.overflowed++;
      return (this.#beyond ??= this.#newEdge({ otel_metric_overflow: "true" }));
    }
    const edge = this.#newEdge({
      client,
      server,
      connection_type: type,
    });
    const ofClient = this.#edges[type].get(client) ?? new Map<string, Edge>();
    this.#edges[type].set(client, ofClient.set(server, edge));
    this.#edgeCount++;
    return edge;
  }

  #newEdge(labels: Readonly<Record<string, string>>): Edge {
    const counter = (name: string): CounterSeries =>
      new CounterSeries(Labels.from({ ...labels, __name__: name }), this.#nowMs);
    const [client, server, queue] = [undefined, undefined, undefined];
    return { requests: counter(REQUESTS), failed: counter(FAILED), labels, client, server, queue };
  }

  #histogram({ labels }: Edge, name: string): HistogramSeries {
    return new HistogramSeries(Labels.from({ ...labels, __name__: name }), this.#nowMs);
  }

  #unpairedSpan(client: string, server: string): void {
    const key = `${client}\u0000${server}`;
    let counter = this.#unpaired.get(key);
    if (counter === undefined) {
      const isFull = this.#unpaired.size >= this.#limits.edges;
      const labels: Record<string, string> = isFull
        ? { otel_metric_overflow: "true" }
        : { client, server };
      const place = isFull ? "" : key;
      counter = this.#unpaired.get(place);
      counter ??= new CounterSeries(Labels.from({ ...labels, __name__: UNPAIRED }), this.#nowMs);
      this.#unpaired.set(place, counter);
    }
    counter.add(this.#nowMs);
  }

  /** Writes all series; those of edges that nobody used since `idleSinceMs` end. */
  write(writer: SeriesWriter, idleSinceMs: number): void {
    for (const ofType of Object.values(this.#edges)) {
      for (const [client, servers] of ofType) {
        for (const [server, edge] of servers) {
          if (!writeEdge(edge, writer, idleSinceMs)) continue;
          servers.delete(server);
          this.#edgeCount--;
        }
        if (servers.size === 0) ofType.delete(client);
      }
    }
    if (this.#beyond !== undefined && writeEdge(this.#beyond, writer, idleSinceMs)) {
      this.#beyond = undefined;
    }
    for (const [key, counter] of this.#unpaired) {
      if (counter.usedMs >= idleSinceMs) writer.write(counter);
      else {
        writer.end(counter);
        this.#unpaired.delete(key);
      }
    }
  }
}

/** Whether it ended. */
function writeEdge(edge: Edge, writer: SeriesWriter, idleSinceMs: number): boolean {
  const { requests, failed, client, server, queue } = edge;
  const isIdle = requests.usedMs < idleSinceMs;
  for (const series of [requests, failed, client, server, queue]) {
    if (series === undefined) continue;
    if (isIdle) writer.end(series);
    else writer.write(series);
  }
  return isIdle;
}

function waitingOf(span: TracedSpan, peer: Peer | undefined, isCounted: boolean): Waiting {
  const { service, status, seconds, startMs, seen } = span;
  return { service, peer, isError: status === STATUS_ERROR, seconds, startMs, seen, isCounted };
}
