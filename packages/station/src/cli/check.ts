// flx check: asks a service once how it is, for container health checks and scripts.
//
//   target ──► probe-http.ts, probe-grpc.ts or probe-tcp.ts ──► outcome ──► one line, exit code
//                        ▲        │
//                        └────────┘ up to --retries times, while the outcome is not good
//
//   0   healthy or degraded: it does its work
//   1   unhealthy, or unknown: it answered, and did not say that it does
//   2   it could not be asked: refused, no such host, no answer in time, TLS, another protocol
//   64  the command line is wrong

import { parseDuration } from "@flx/model/duration";
import { FlxError } from "@flx/model/errors";
import { printable } from "../base/printable.ts";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { exitCodeOf, type Outcome } from "./check/outcome.ts";
import type { ProbeOptions, StatusRange } from "./check/probe.ts";
import { parseProbeTarget, type ProbeTarget } from "./check/probe-target.ts";

const help = `Usage: flx check TARGET [OPTIONS]

Asks a service once how it is.

Targets:
  http://host:port/path      an answer of 200 to 399 is healthy
  https://host:port/path
  unix:/run/app.sock:/path   the same over a Unix socket
  grpc://host:port           grpc.health.v1, or flx.v1 with --protocol
  grpcs://host:port          the same over TLS
  grpc+unix:/run/app.sock
  tcp://host:port            a connection that is accepted is healthy
  unix:/run/app.sock

Options:
  --timeout DURATION         for one try: 500ms, 5s, 1m (default 5s)
  --retries NUMBER           further tries while it is not healthy (default 0)
  --retry-delay DURATION     between two tries (default 1s)
  --expect-status STATUSES   HTTP statuses that are healthy: 200,204,300-399 (default 200-399)
  --service NAME             gRPC: whose health (default: the server's)
  --protocol NAME            gRPC: grpc.health.v1 (default) or flx.v1
  --token-file FILE          its text is sent as "authorization: Bearer"
  --ca FILE                  TLS: PEM file of whom to trust (default: the system's)
  --cert FILE, --key FILE    TLS: PEM files of who we are (mTLS)
  --server-name NAME         TLS: the name in the certificate, when it is not the host's
  --insecure                 TLS: trust anybody
  --json                     print one line of JSON
  --quiet, -q                print nothing

Exit codes:
  0   healthy or degraded
  1   unhealthy or unknown
  2   it could not be asked: refused, no such host, no answer in time, TLS, another protocol
  64  the command line is wrong
`;

const optionSpecs = {
  timeout: { value: "5s" },
  retries: { value: "3" },
  "retry-delay": { value: "1s" },
  "expect-status": { value: "200,204,300-399" },
  service: { value: "NAME" },
  protocol: { value: "flx.v1" },
  "token-file": { value: "FILE" },
  ca: { value: "FILE" },
  cert: { value: "FILE" },
  key: { value: "FILE" },
  "server-name": { value: "NAME" },
  insecure: {},
  json: {},
  quiet: { short: "q" },
} as const;

type Options = ReadonlyMap<string, string>;

const MAX_RETRIES = 1_000;
const MAX_TIMEOUT_MS = 3_600_000;

/** The command. */
export const check: Command = { help, run };

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, optionSpecs);
  const [word, ...more] = words;
  if (word === undefined)
    throw new UsageError("say whom to ask: flx check http://localhost:9464/readyz");
  if (more.length > 0) throw new UsageError(`one target at a time, got ${words.length}`);
  const target = parseProbeTarget(word);
  refuseMisplaced(options, target);
  const probeOptions = await readProbeOptions(options);
  const retries = wholeNumber(options, "retries", MAX_RETRIES);
  const retryDelayMs = durationMs(options, "retry-delay", 1_000);
  const probe = await loadProbe(target);

  const startedMs = performance.now();
  let outcome = await probe(probeOptions);
  let tries = 1;
  for (; exitCodeOf(outcome) !== 0 && tries <= retries; tries++) {
    await sleep(retryDelayMs);
    outcome = await probe(probeOptions);
  }
  const tookMs = Math.round(performance.now() - startedMs);
  tell(terminal, options, { target: target.shown, outcome, tries, tookMs });
  return exitCodeOf(outcome);
}

/** The probe of a target; only its own module is loaded. */
async function loadProbe(
  target: ProbeTarget,
): Promise<(options: ProbeOptions) => Promise<Outcome>> {
  if (target.kind === "http") {
    const { probeHttp } = await import("./check/probe-http.ts");
    return (options) => probeHttp(target, options);
  }
  if (target.kind === "grpc") {
    const { probeGrpc } = await import("./check/probe-grpc.ts");
    return (options) => probeGrpc(target, options);
  }
  const { probeTcp } = await import("./check/probe-tcp.ts");
  return (options) => probeTcp(target, options);
}

/** An option that says nothing to this target is a mistake, and a check that ignored it would be one, too. */
function refuseMisplaced(options: Options, target: ProbeTarget): void {
  const only = (names: readonly string[], isFine: boolean, where: string): void => {
    const misplaced = names.find((name) => options.has(name));
    if (!isFine && misplaced !== undefined) {
      throw new UsageError(`--${misplaced} is for ${where}, not for ${target.shown}`);
    }
  };
  const isSecure = target.kind !== "tcp" && target.isSecure;
  only(["expect-status"], target.kind === "http", "HTTP");
  only(["service", "protocol"], target.kind === "grpc", "gRPC");
  only(["token-file"], target.kind !== "tcp", "HTTP and gRPC");
  only(["ca", "cert", "key", "server-name", "insecure"], isSecure, "https:// and grpcs://");
}

async function readProbeOptions(options: Options): Promise<ProbeOptions> {
  const text = (name: string) => options.get(name);
  const protocol = text("protocol") ?? "grpc.health.v1";
  if (protocol !== "grpc.health.v1" && protocol !== "flx.v1") {
    throw new UsageError(`--protocol is grpc.health.v1 or flx.v1, not ${protocol}`);
  }
  if ((text("cert") === undefined) !== (text("key") === undefined)) {
    throw new UsageError("--cert and --key go together");
  }
  const tokenFile = text("token-file");
  return {
    timeoutMs: durationMs(options, "timeout", 5_000),
    expected: statusRanges(text("expect-status") ?? "200-399"),
    service: text("service") ?? "",
    protocol,
    token: tokenFile === undefined ? undefined : await tokenIn(tokenFile),
    tls: {
      caFile: text("ca"),
      certFile: text("cert"),
      keyFile: text("key"),
      serverName: text("server-name"),
      insecure: options.has("insecure"),
    },
  };
}

async function tokenIn(file: string): Promise<string> {
  const { readToken } = await import("./token-file.ts");
  return readToken(file);
}

function durationMs(options: Options, name: string, otherwise: number): number {
  const text = options.get(name);
  if (text === undefined) return otherwise;
  try {
    const ms = parseDuration(text);
    if (ms > 0 && ms <= MAX_TIMEOUT_MS) return ms;
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
  }
  throw new UsageError(
    `--${name} is a duration of up to an hour, like 500ms, 5s or 1m; got ${text}`,
  );
}

function wholeNumber(options: Options, name: string, most: number): number {
  const text = options.get(name) ?? "0";
  if (/^\d{1,9}$/.test(text) && Number(text) <= most) return Number(text);
  throw new UsageError(`--${name} is a whole number up to ${most}; got ${text}`);
}

function statusRanges(text: string): readonly StatusRange[] {
  return text.split(",").map((part) => {
    const found = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(part.trim());
    const [from, to] = [Number(found?.[1]), Number(found?.[2] ?? found?.[1])];
    if (from <= to) return { from, to };
    throw new UsageError(`--expect-status is like 200,204,300-399; got ${text}`);
  });
}

interface Report {
  readonly target: string;
  readonly outcome: Outcome;
  readonly tries: number;
  readonly tookMs: number;
}

function tell(
  terminal: Terminal,
  options: Options,
  { target, outcome, tries, tookMs }: Report,
): void {
  if (options.has("quiet")) return;
  const { status, message, ...facts } = outcome;
  if (options.has("json")) {
    const exitCode = exitCodeOf(outcome);
    const all = { target, status, message, exitCode, tries, tookMs, ...facts };
    terminal.out(`${JSON.stringify(all)}\n`);
    return;
  }
  const after = tries === 1 ? `${tookMs} ms` : `${tries} tries, ${tookMs} ms`;
  const line = `${status}: ${target}: ${printable(message)} (${after})\n`;
  if (status === "unreachable") terminal.error(line);
  else terminal.out(line);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
