// SMTP: greeting, EHLO, [STARTTLS,] [AUTH,] QUIT. No mail is sent.
//
//   220 mail.example ESMTP        421, 554: not now, not you
//   ─► EHLO flx                   250-STARTTLS 250-AUTH PLAIN LOGIN 250 SIZE
//   ─► STARTTLS                   220 go ahead, then EHLO again
//   ─► AUTH PLAIN ...             235 welcome, 535 refused
//
// Source: RFC 5321, 3207, 4954.

import type { CheckResult, HealthCheck } from "../health-check.ts";
import { CheckError } from "./check-error.ts";
import { endpointOf, type LoginOptions } from "./endpoint.ts";
import { serverCheck } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** Which mail server, and what it must offer. */
export interface SmtpOptions extends LoginOptions {
  /** Go on encrypted by STARTTLS; a server without it is unhealthy. Default false (`tls` is TLS from the start). */
  readonly starttls?: boolean;
  /** What we call ourselves. Default "flx.invalid". */
  readonly clientName?: string;
  /** Send the password readable on an open network. Default false. */
  readonly allowReadablePassword?: boolean;
}

/**
 * A check of a mail server (`smtp://user:password@host:25`, `smtps://host:465` for TLS from the start).
 *
 * - healthy: it greets, takes EHLO, and where asked for STARTTLS and the login
 * - degraded: only when slow
 * - unhealthy: no connection, it refuses service, no STARTTLS, credentials refused, any other answer
 *
 * Measures `latency_ms`; tells its name and what it offers.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function smtp(options: SmtpOptions = {}): HealthCheck {
  const endpoint = endpointOf(options, {
    schemes: { "smtp:": false, "smtps:": true },
    port: 25,
    tlsPort: 465,
  });
  const { starttls = false, clientName = "flx.invalid", allowReadablePassword = false } = options;
  const wishes = {
    starttls,
    clientName: clientName.replaceAll(/[^\w.:[\]-]/g, "-"),
    allowReadablePassword,
    ...(endpoint.user === undefined ? {} : { user: endpoint.user }),
  };
  return serverCheck(
    endpoint,
    options.degradedMs,
    (talk, password) => askSmtp(talk, wishes, password),
    { tlsAtOnce: !starttls },
  );
}

/** What the conversation needs to know. */
export interface SmtpWishes {
  readonly starttls: boolean;
  readonly clientName: string;
  readonly user?: string;
  readonly allowReadablePassword: boolean;
}

/** The conversation. */
export async function askSmtp(
  talk: Talk,
  wishes: SmtpWishes,
  password: string | undefined,
): Promise<CheckResult> {
  const greeting = await reply(talk, "its greeting");
  if (greeting.code !== 220) throw talk.answered(greeting.lines.join(" "));
  let offers = await hello(talk, wishes.clientName);
  if (wishes.starttls) {
    if (!offers.has("STARTTLS")) {
      throw new CheckError("FLX_CHECK_TLS", `${talk.at} does not offer STARTTLS`);
    }
    await command(talk, "STARTTLS", 220);
    await talk.startTls();
    offers = await hello(talk, wishes.clientName);
  }
  if (wishes.user !== undefined) {
    talk.requirePrivacy(wishes.allowReadablePassword);
    await logIn(talk, offers, wishes.user, password ?? "");
  }
  talk.write("QUIT\r\n");
  const name = talk.shown(greeting.lines[0]?.split(" ", 1)[0] ?? "");
  return {
    details: { name, offers: [...offers.keys()].slice(0, 20).map((text) => talk.shown(text)) },
  };
}

/** What EHLO offers, by first word. */
async function hello(talk: Talk, name: string): Promise<ReadonlyMap<string, string>> {
  const { lines } = await command(talk, `EHLO ${name}`, 250);
  const offers = lines.slice(1).map((line) => line.toUpperCase());
  return new Map(offers.map((line) => [line.split(" ", 1)[0]!, line.slice(line.indexOf(" ") + 1)]));
}

async function logIn(
  talk: Talk,
  offers: ReadonlyMap<string, string>,
  user: string,
  password: string,
): Promise<void> {
  const kinds = (offers.get("AUTH") ?? "").split(" ");
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  let last: Reply;
  if (kinds.includes("PLAIN")) {
    const token = base64(`\0${user}\0${password}`);
    talk.secrets.add(token);
    last = await say(talk, `AUTH PLAIN ${token}`);
  } else if (kinds.includes("LOGIN")) {
    await command(talk, "AUTH LOGIN", 334);
    await command(talk, base64(user), 334);
    last = await say(talk, base64(password));
  } else {
    const text = `${talk.at} offers no login by PLAIN or LOGIN`;
    throw new CheckError("FLX_CHECK_LOGIN", text);
  }
  if (last.code === 535 || last.code === 534) throw talk.loginRefused(user);
  if (last.code !== 235) throw talk.answered(last.lines.join(" "));
}

interface Reply {
  readonly code: number;
  readonly lines: readonly string[];
}

async function command(talk: Talk, line: string, wanted: number): Promise<Reply> {
  const answer = await say(talk, line);
  if (answer.code !== wanted) throw talk.answered(`${answer.code} ${answer.lines.join(" ")}`);
  return answer;
}

async function say(talk: Talk, line: string): Promise<Reply> {
  talk.write(`${line}\r\n`);
  // Only commands have names; what else is sent is a part of the login.
  const name = /^(?:EHLO|STARTTLS|AUTH)\b/.exec(line)?.[0] ?? "the login";
  return reply(talk, `an answer to ${name}`);
}

/** "250-more" and "250 last". */
async function reply(talk: Talk, awaited: string): Promise<Reply> {
  const lines: string[] = [];
  for (;;) {
    const line = await talk.line(awaited, 2048);
    const [, code, sign, text] = /^(\d{3})([ -]?)(.*)$/s.exec(line) ?? [];
    if (code === undefined || lines.length > 100) {
      throw talk.wrong(`"${talk.shown(line)}", which is not SMTP`);
    }
    lines.push(text ?? "");
    if (sign !== "-") return { code: Number(code), lines };
  }
}
