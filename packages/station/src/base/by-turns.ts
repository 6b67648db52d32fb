// Requests of one connection one after the other, and those of all clients by turns.
//
//   connection ── GET GET GET ──► the first is answered, the others wait; beyond MAX_PIPELINED the connection is closed
//   client A   ── 100 connections, each with a request ─┐
//   client B   ── one request ──────────────────────────┴─► A B A A A ...   one begins in each turn of the loop
//
// Why one after the other: node:http hands over everything that came on a connection at once, thousands of requests in one
// packet. A client that reads no answer would have all of them under way.
//
// Why by turns: what is ready at the same time is served before anybody else is looked at. A hundred requests of five
// milliseconds make everybody wait half a second for each step of theirs; so they wait for one.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { clientNetwork } from "./access/client-network.ts";

/** Answers a request. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** Requests of a connection that are not answered yet. */
export const MAX_PIPELINED = 100;

interface Line {
  count: number;
  /** The answer before has been sent. */
  before: Promise<void>;
}

/**
 * A listener that gets requests by turns.
 *
 * @param onTooMany told of each connection that was closed because it had too many requests waiting
 */
export function byTurns(listener: RequestListener, onTooMany?: () => void): RequestListener {
  const turns = new Turns();
  const lines = new WeakMap<Socket, Line>();
  return (request, response) => {
    const { socket } = request;
    if (socket.destroyed) return;
    let line = lines.get(socket);
    if (line === undefined) lines.set(socket, (line = { count: 0, before: Promise.resolve() }));
    if (line.count >= MAX_PIPELINED) {
      stopReading(socket);
      onTooMany?.();
      return;
    }
    const begin = (): void => {
      turns.take(clientNetwork(socket.remoteAddress ?? ""), () => {
        if (!response.destroyed) listener(request, response);
      });
    };
    if (line.count === 0) begin();
    else void line.before.then(begin);
    line.count++;
    line.before = new Promise((resolve) => {
      response.once("close", () => {
        line.count--;
        resolve();
      });
    });
  };
}

/**
 * Closes a connection in the middle of what came on it. The parser goes on to the end of the packet, and what it makes of two
 * thousand requests would only be let go when the socket is closed, after all other sockets were read: it is told to make
 * nothing of them. That is no documented part of Node; without it the connection is closed all the same.
 */
function stopReading(socket: Socket): void {
  const { parser } = socket as { readonly parser?: { onIncoming: unknown } | null };
  if (parser?.onIncoming !== undefined) parser.onIncoming = () => 0;
  socket.destroy();
}

/** Work that is begun one at a time, by turns for all who bring some. */
export class Turns {
  /** In the order of who is next. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #isScheduled = false;

  /** Begins it when it is its turn: in the next turn of the loop, when nobody else waits. */
  take(who: string, begin: () => void): void {
    const own = this.#waiting.get(who);
    if (own === undefined) this.#waiting.set(who, [begin]);
    else own.push(begin);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#isScheduled = false;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [who, own] = first;
    const begin = own.shift()!;
    this.#waiting.delete(who);
    if (own.length > 0) this.#waiting.set(who, own);
    if (this.#waiting.size > 0) this.#schedule();
    begin();
  }
}
