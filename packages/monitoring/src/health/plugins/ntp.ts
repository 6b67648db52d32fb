// How far this machine's clock is off, by SNTP: one packet there, one back.
//
//   us      T1 ────────────────────────► T4          offset = ((T2 - T1) + (T3 - T4)) / 2
//                 ╲                  ╱               delay  = (T4 - T1) - (T3 - T2)
//   server          T2 ─────────► T3                 the offset is known to half the delay
//
// The packet carries a random number where our time would be (RFC 8915, section 8 and others advise so): only who saw
// it can answer, and nobody learns our clock.
//
// Source: RFC 5905, RFC 4330.

import type { CheckContext, CheckResult, HealthCheck } from "../health-check.ts";
import { CheckError, socketError } from "./check-error.ts";
import { endpointOf } from "./endpoint.ts";
import { levelResult, type Levels, levels } from "./level.ts";
import { timed } from "./server-check.ts";
import { deadlineError } from "./socket-talk.ts";

/** Which server, and how far off the clock may be. */
export interface NtpOptions {
  /** Default "pool.ntp.org". Ask one of your own. */
  readonly host?: string;
  /** Default 123. */
  readonly port?: number;
  /** More is degraded. Default 500. */
  readonly degradedSkewMs?: number;
  /** More is unhealthy. Default: there is no such level. */
  readonly unhealthySkewMs?: number;
  readonly degradedMs?: number;
  /** Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * A check of this machine's clock against a time server.
 *
 * - healthy: the clocks agree
 * - degraded: off by more than `degradedSkewMs`; slow
 * - unhealthy: off by more than `unhealthySkewMs`; no answer, or the server itself does not know the time
 *
 * Measures `latency_ms`, `skew_ms` (how far off), `offset_ms` (above 0: our clock is behind); tells the stratum.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function ntp(options: NtpOptions = {}): HealthCheck {
  const { host = "pool.ntp.org", now = Date.now } = options;
  const endpoint = endpointOf({ ...options, host }, { schemes: {}, port: 123 });
  const limits = levels("ntp", {
    degraded: options.degradedSkewMs ?? Math.min(500, options.unhealthySkewMs ?? 500),
    unhealthy: options.unhealthySkewMs,
  });
  return (context) =>
    timed(options.degradedMs, async () => {
      const cookie = Buffer.from(crypto.getRandomValues(new Uint8Array(8)));
      const { packet, ...own } = await askTime(endpoint, cookie, now, context);
      return judged(endpoint.at, readTime(endpoint.at, packet), own, limits);
    });
}

/** An answer, and when question and answer passed by our clock. */
interface Asked {
  readonly packet: Buffer;
  readonly sentMs: number;
  readonly receivedMs: number;
}

async function askTime(
  { host, port, at }: { readonly host: string; readonly port: number; readonly at: string },
  cookie: Buffer,
  now: () => number,
  context: CheckContext,
): Promise<Asked> {
  const { createSocket } = await import("node:dgram");
  const { lookup } = await import("node:dns/promises");
  const { promise, resolve, reject } = Promise.withResolvers<Asked>();
  const abort = (): void => reject(deadlineError(at, "the time", context));
  context.signal.addEventListener("abort", abort);
  if (context.signal.aborted) abort();
  let close = (): void => {};
  const ask = async (): Promise<void> => {
    const { address, family } = await lookup(host);
    if (context.signal.aborted) return;
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    close = () => void socket.close();
    socket.on("error", reject);
    let sentMs = 0;
    socket.on("message", (packet) => {
      if (packet.length < 48 || !packet.subarray(24, 32).equals(cookie)) return;
      resolve({ packet, sentMs, receivedMs: now() });
    });
    // Connected: the kernel passes only packets of that address, and tells when nobody listens there.
    socket.connect(port, address, () => {
      sentMs = now();
      socket.send(question(cookie));
    });
  };
  ask().catch(reject);
  try {
    return await promise;
  } catch (error) {
    throw socketError(error, at, "the time");
  } finally {
    context.signal.removeEventListener("abort", abort);
    close();
  }
}

/** Version 4, mode 3 (client); all else is zero but the random number. */
function question(cookie: Buffer): Buffer {
  const packet = Buffer.alloc(48);
  packet[0] = 0x23;
  cookie.copy(packet, 40);
  return packet;
}

/** What a server says. */
export interface NtpTime {
  readonly stratum: number;
  /** When our packet came, and when the answer left, by the server's clock. */
  readonly receivedMs: number;
  readonly sentMs: number;
}

/**
 * Reads an answer of at least 48 bytes.
 *
 * @throws {CheckError} `FLX_CHECK_ANSWER` when the server does not know the time or will not tell it
 */
export function readTime(at: string, packet: Buffer): NtpTime {
  const [leap, mode, stratum] = [packet[0]! >> 6, packet[0]! & 7, packet[1]!];
  if (mode !== 4) throw new CheckError("FLX_CHECK_PROTOCOL", `${at} answered no time`);
  if (stratum === 0) {
    const code = packet.toString("latin1", 12, 16).replaceAll(/[^A-Z]/g, "");
    throw new CheckError("FLX_CHECK_ANSWER", `${at} does not want to be asked (${code})`);
  }
  if (leap === 3 || stratum > 15) {
    throw new CheckError("FLX_CHECK_ANSWER", `${at} does not know the time itself`);
  }
  return { stratum, receivedMs: timestamp(packet, 32), sentMs: timestamp(packet, 40) };
}

const SECONDS_1900_TO_1970 = 2_208_988_800;

/** Seconds and fractions since 1900; after 2036 the count begins anew (era 1). */
function timestamp(packet: Buffer, at: number): number {
  const seconds = packet.readUInt32BE(at);
  const era = seconds < 0x8000_0000 ? 2 ** 32 : 0;
  const fraction = packet.readUInt32BE(at + 4) / 2 ** 32;
  return (seconds + era - SECONDS_1900_TO_1970 + fraction) * 1000;
}

function judged(
  at: string,
  { stratum, receivedMs, sentMs }: NtpTime,
  own: { readonly sentMs: number; readonly receivedMs: number },
  limits: Levels,
): CheckResult {
  const offset = (receivedMs - own.sentMs + (sentMs - own.receivedMs)) / 2;
  const sentence = `compared with ${at} this clock is off by`;
  const reading = { name: "skew_ms", value: Math.abs(offset), unit: "ms", sentence };
  const result = levelResult(reading, limits);
  const offsetMs = { value: Math.round(offset * 100) / 100, unit: "ms" };
  return {
    ...result,
    measurements: { ...result.measurements, offset_ms: offsetMs },
    details: { stratum },
  };
}
