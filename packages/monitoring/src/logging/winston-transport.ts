// A winston transport: lines of a winston logger get the trace's ids and go to the export worker.
//
//   winston.createLogger({ transports: [new Console(), winstonTransport({ exporter: flx.exporter })] })
//
// winston takes any stream of objects that has a `log`; so nothing of winston is imported. It hands its lines on in the
// call that logs, so the span that is active then is the one that logged.

import { Writable } from "node:stream";
import type { Exporter } from "../export/exporter.ts";
import { errorFields } from "./error-fields.ts";
import { KeyRedaction, type KeyRedactionSettings } from "./key-redaction.ts";
import { LineSink } from "./line-sink.ts";
import { ambientFields } from "./trace-fields.ts";

/** Where the lines go. */
export interface WinstonTransportSettings {
  readonly exporter: Exporter;
  /** Baggage entries that lines have. */
  readonly baggage?: readonly string[] | undefined;
  readonly redact?: KeyRedactionSettings | undefined;
}

type Info = Readonly<Record<string | symbol, unknown>>;

/** Under it winston keeps the level as it is called, without colours. */
const LEVEL = Symbol.for("level");

/** A transport for winston 3. */
export function winstonTransport(settings: WinstonTransportSettings): Writable {
  return new WinstonTransport(settings);
}

class WinstonTransport extends Writable {
  readonly #sink: LineSink;
  readonly #exporter: Exporter;
  readonly #baggage: readonly string[];
  readonly #redaction: KeyRedaction;

  constructor({ exporter, baggage = [], redact }: WinstonTransportSettings) {
    super({ objectMode: true });
    this.#exporter = exporter;
    this.#sink = new LineSink(exporter, "winston");
    this.#baggage = baggage;
    this.#redaction = new KeyRedaction(redact);
  }

  /** What winston looks for in a transport. */
  log(info: Info, next: () => void): void {
    this.#take(info);
    next();
  }

  override _write(info: Info, _encoding: string, callback: () => void): void {
    this.#take(info);
    callback();
  }

  #take(info: Info): void {
    try {
      this.#sink.write(this.#line(info));
    } catch {
      this.#exporter.lostEncoding("logs");
    }
  }

  #line(info: Info): string {
    const { message, ...rest } = info as Record<string, unknown>;
    const fields = this.#redaction.apply(rest);
    const error = message instanceof Error ? message : findError(rest);
    return JSON.stringify({
      ...ambientFields(this.#baggage),
      ...fields,
      level: info[LEVEL] ?? info["level"],
      msg: message instanceof Error ? message.message : message,
      time: Date.now(),
      ...(error !== undefined && { err: errorFields(error) }),
    });
  }
}

function findError(fields: Readonly<Record<string, unknown>>): Error | undefined {
  return Object.values(fields).find((each) => each instanceof Error);
}
