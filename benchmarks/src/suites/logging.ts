// A log line with the ids of the active span and secrets taken out, beside pino and winston set up to do the same.
//
//   ours      createLogger(): ids, context, redaction by name at any depth
//   pino      mixin with the active span's ids, redact with the same names as paths one and two levels deep
//   winston   a format that adds the ids and takes the same names out, JSON
//
// All write into nothing that counts characters, so that what is measured is the line and not the terminal. The ids come
// from OpenTelemetry's API with our tracing behind it, for all of them.

import { context, trace } from "@opentelemetry/api";
import { setupTracing } from "@flx/monitoring/tracing";
import { createLogger } from "@flx/monitoring/logging";
import { pino } from "pino";
import { createLogger as createWinston, format, transports } from "winston";
import { Writable } from "node:stream";
import { contender, suite, type Suite } from "../harness/suite.ts";

const SECRET_NAMES = ["password", "token", "authorization", "secret", "apiKey", "cookie"];

/** What a logger is called with. */
const LINE = {
  orderId: 7_312,
  country: "DE",
  customer: { id: "c-991", email: "a@example.org" },
  items: 3,
};
const WITH_SECRET = { ...LINE, customer: { ...LINE.customer, password: "hunter2" } };

/** A logger, the span its calls run in, and how much it has written. */
interface State {
  readonly info: (fields: object, message: string) => void;
  readonly line: object;
  readonly message: string;
  readonly span: <Result>(work: () => Result) => Result;
  readonly written: { characters: number; last: string };
  readonly lines: number;
  readonly turn: () => Promise<void>;
}

/** Tracing whose spans are made and go nowhere. */
setupTracing({ service: "bench", exporter: false });
const span = trace.getTracer("bench").startSpan("work");
const inSpan = <Result>(work: () => Result): Result =>
  context.with(trace.setSpan(context.active(), span), work);

function state(line: object, make: (take: (text: string) => void) => State["info"]): State {
  const written = { characters: 0, last: "" };
  const take = (text: string): void => {
    written.characters += text.length;
    written.last = text;
  };
  const turn = () =>
    new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  return {
    info: make(take),
    line,
    message: "order placed",
    span: inSpan,
    written,
    lines: LINES,
    turn,
  };
}

/** What the last line says, as far as all must agree. */
function check({ info, line, message, span: within, written }: State): unknown {
  within(() => info(line, message));
  const {
    orderId,
    customer,
    trace_id: traceId,
  } = JSON.parse(written.last) as {
    orderId: number;
    customer: Record<string, string>;
    trace_id: string;
  };
  return [orderId, customer["email"], customer["password"] === "hunter2", traceId.length];
}

/** Lines of one op. Then the loop has its turn, which winston needs to write what it has taken. */
const LINES = 2_000;

const op = async ({ info, line, message, span: within, lines, turn }: State): Promise<void> => {
  within(() => {
    for (let i = 0; i < lines; i++) info(line, message);
  });
  await turn();
};

const ours = (line: object) =>
  contender<State>({
    name: "ours",
    setup: () =>
      state(line, (take) => {
        const logger = createLogger({ destination: { write: take }, duplicates: false });
        return (fields, message) => logger.info(fields, message);
      }),
    op,
    check,
  });

const withPino = (line: object) =>
  contender<State>({
    name: "pino",
    package: "pino",
    setup: () =>
      state(line, (take) => {
        const paths = SECRET_NAMES.flatMap((name) => [name, `*.${name}`]);
        const logger = pino(
          {
            base: {},
            redact: { paths, censor: "[redacted]" },
            mixin: () => {
              const ids = trace.getActiveSpan()?.spanContext();
              if (ids === undefined) return {};
              const flags = `0${ids.traceFlags.toString(16)}`;
              return { trace_id: ids.traceId, span_id: ids.spanId, trace_flags: flags };
            },
          },
          { write: take },
        );
        return (fields, message) => logger.info(fields, message);
      }),
    op,
    check,
  });

const names = new Set(SECRET_NAMES);

const withWinston = (line: object) =>
  contender<State>({
    name: "winston",
    package: "winston",
    setup: () =>
      state(line, (take) => {
        const secretsOut = (fields: Record<string, unknown>): Record<string, unknown> =>
          Object.fromEntries(
            Object.entries(fields).map(([key, value]) => [
              key,
              names.has(key)
                ? "[redacted]"
                : typeof value === "object" && value !== null
                  ? secretsOut(value as Record<string, unknown>)
                  : value,
            ]),
          );
        const ids = format((info) => {
          const active = trace.getActiveSpan()?.spanContext();
          return Object.assign(info, secretsOut(info), {
            trace_id: active?.traceId,
            span_id: active?.spanId,
          });
        });
        const stream = new Writable({
          decodeStrings: false,
          write(text: string, _encoding, done) {
            take(text);
            done();
          },
        });
        const logger = createWinston({
          format: format.combine(format.timestamp(), ids(), format.json()),
          transports: [new transports.Stream({ stream })],
        });
        return (fields, message) => void logger.info(message, fields);
      }),
    op,
    check,
  });

const contenders = (line: object) => [ours(line), withPino(line), withWinston(line)];

export const logging: Suite = suite("logging", {
  title: "Log lines with trace ids and redaction",
  cases: [
    {
      name: `${LINES} lines without a secret`,
      kind: "long",
      async: true,
      contenders: contenders(LINE),
      budgets: [{ against: "pino", atLeast: 1 }],
    },
    {
      name: `${LINES} lines with a secret two levels deep`,
      kind: "long",
      async: true,
      contenders: contenders(WITH_SECRET),
      budgets: [{ against: "pino", atLeast: 1 }],
    },
  ],
});
