// A pino logger that a service has already: its lines get the trace's ids and go to the export worker, too.
//
//   attachPino(logger, { exporter: flx.exporter })        its children as well, also those that exist
//
// Level, destination, serializers and redaction stay the logger's own. pino keeps stream and mixin under symbols that it
// exports for this purpose; children find them by their prototype.

import { createRequire } from "node:module";
import type { DestinationStream, Logger } from "pino";
import type { Exporter } from "../export/exporter.ts";
import { errorOfLine } from "./error-identity.ts";
import { LineSink } from "./line-sink.ts";
import { ambientFields } from "./trace-fields.ts";

/** What an attached logger gets. */
export interface AttachSettings {
  /** Where its lines go beside its own destination. */
  readonly exporter?: Exporter | undefined;
  /** Baggage entries that lines have. */
  readonly baggage?: readonly string[] | undefined;
}

type Mixin = (fields: object, level: number, logger: Logger) => object;

/** The symbols of pino that are used here. */
interface PinoSymbols {
  readonly streamSym: symbol;
  readonly mixinSym: symbol;
}

/**
 * Attaches to a pino logger; disposing detaches.
 *
 * @throws {TypeError} when it is no pino logger
 */
export function attachPino(logger: Logger, settings: AttachSettings = {}): Disposable {
  const { symbols } = createRequire(import.meta.url)("pino") as { symbols: PinoSymbols };
  const own = logger as unknown as Record<symbol, unknown>;
  const stream = own[symbolLike(own, symbols.streamSym)] as DestinationStream | undefined;
  if (stream === undefined || typeof stream.write !== "function") {
    throw new TypeError("attachPino() takes a pino logger");
  }
  const streamSymbol = symbolLike(own, symbols.streamSym);
  const mixinSymbol = symbolLike(own, symbols.mixinSym);
  const mixin = own[mixinSymbol] as Mixin | undefined;
  const { exporter, baggage = [] } = settings;
  // pino asks the mixin before each line.
  let error: Error | undefined;
  own[mixinSymbol] = ((fields, level, each) => {
    error = errorOfLine(fields);
    return { ...ambientFields(baggage), ...mixin?.(fields, level, each) };
  }) satisfies Mixin;
  if (exporter !== undefined) {
    const sink = new LineSink(exporter, "pino");
    own[streamSymbol] = tee(stream, (line) => sink.write(line, error));
  }
  return {
    [Symbol.dispose]() {
      own[streamSymbol] = stream;
      own[mixinSymbol] = mixin;
    },
  };
}

/** The same symbol of the copy of pino that made the logger, which may be another one than ours. */
function symbolLike(logger: object, symbol: symbol): symbol {
  if (symbol in logger) return symbol;
  for (
    let each: object | null = logger;
    each !== null;
    each = Object.getPrototypeOf(each) as object
  ) {
    const found = Object.getOwnPropertySymbols(each).find(
      ({ description }) => description === symbol.description,
    );
    if (found !== undefined) return found;
  }
  return symbol;
}

/** Everything the stream has, and its lines to somebody else as well. */
function tee(stream: DestinationStream, take: (line: string) => void): DestinationStream {
  return new Proxy(stream, {
    get(target, key): unknown {
      if (key === "write") {
        return (line: string) => {
          take(line);
          return target.write(line);
        };
      }
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value),
  });
}
