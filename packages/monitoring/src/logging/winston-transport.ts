// A winston transport: lines of a winston logger get the trace's ids and go to the export worker.
//
//   winston.createLogger({ transports: [new Console(), winstonTransport({ exporter: flx.exporter })] })
//
// winston takes any stream of objects that has a `log`; so nothing of winston is imported. It hands its lines on in the
// call that logs, so the span that is active then is the one that logged.

import { Writable } from "node:stream";
import type { Exporter } from "../export/exporter.ts";
import type { RedactionRules, RedactionSettings } from "../redaction/redaction-rules.ts";
import { errorFields } from "./error-fields.ts";
import { KeyRedaction } from "./key-redaction.ts";
import { LineSink } from "./line-sink.ts";
import { ambientFields } from "./trace-fields.ts";

/** Where the lines go. */
export interface WinstonTransportSettings {
  readonly exporter: Exporter;
  /** Baggage entries that lines have. */
  readonly baggage?: readonly string[] | undefined;
  /** Taken out beside the usual and what the process takes out. */
  readonly redaction?: RedactionSettings | undefined;
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

  constructor({ exporter, baggage = [], redaction }: WinstonTransportSettings) {
    super({ objectMode: true });
    this.#exporter = exporter;
    this.#sink = new LineSink(exporter, "winston");
    this.#baggage = baggage;
    this.#redaction = new KeyRedaction(redaction);
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
      const { message, ...rest } = info as Record<string, unknown>;
      const error = message instanceof Error ? message : findError(rest);
      this.#sink.write(this.#line(info, rest, error), error);
    } catch {
      this.#exporter.lostEncoding("logs");
    }
  }

  #line(info: Info, rest: Readonly<Record<string, unknown>>, error: Error | undefined): string {
    const { message } = info as Record<string, unknown>;
    const fields = this.#redaction.apply(rest);
    const { rules } = this.#redaction;
    const err = error === undefined ? undefined : errorFields(error, rules);
    return JSON.stringify({
      ...ambientFields(this.#baggage),
      ...fields,
      level: info[LEVEL] ?? info["level"],
      msg: message instanceof Error ? (err as { message?: unknown }).message : told(message, rules),
      time: Date.now(),
      ...(err !== undefined && { err }),
    });
  }
}

/** A message without what the rules tell of. */
function told(message: unknown, rules: RedactionRules): unknown {
  return typeof message === "string" ? rules.withoutTold(message) : message;
}

function findError(fields: Readonly<Record<string, unknown>>): Error | undefined {
  return Object.values(fields).find((each) => each instanceof Error);
}
