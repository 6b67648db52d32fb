// ClickHouse over HTTP: /ping, which anybody may ask, then a query with the login.

import type { HealthCheck } from "../health-check.ts";
import { CheckError } from "./check-error.ts";
import { endpointOf, secretValue } from "./endpoint.ts";
import { httpAsker, type HttpServerOptions, statusError } from "./http.ts";
import { timed } from "./server-check.ts";
import { shown } from "./server-text.ts";

/** Which ClickHouse. */
export interface ClickhouseOptions extends HttpServerOptions {
  /** Default "SELECT version()". An error of it is unhealthy. */
  readonly query?: string;
}

/**
 * A check of ClickHouse (`http://user:password@host:8123`).
 *
 * - healthy: it answers a ping and the query
 * - degraded: only when slow
 * - unhealthy: no connection, credentials refused, any other answer
 *
 * Measures `latency_ms`; tells the version.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function clickhouse(options: ClickhouseOptions = {}): HealthCheck {
  const shape = { schemes: { "http:": false, "https:": true }, port: 8123, tlsPort: 8443 };
  const { user, password } = endpointOf(options, shape);
  const { user: _user, password: _password, ...open } = options;
  const ask = httpAsker(
    { ...open, ...(open.url === undefined ? {} : { url: bare(open.url) }) },
    shape,
  );
  const query = options.query ?? "SELECT version()";
  return (context) =>
    timed(options.degradedMs, async () => {
      const ping = await ask(context, { target: "/ping", maxBodyBytes: 64 });
      if (ping.answer.status !== 200) throw statusError(ping.at, ping.answer, ping.secrets);
      if (!ping.answer.body.toString("latin1").startsWith("Ok.")) {
        throw new CheckError("FLX_CHECK_PROTOCOL", `${ping.at} is not ClickHouse`);
      }
      const key = await secretValue(password);
      const headers: Record<string, string> = {
        ...(user === undefined ? {} : { "x-clickhouse-user": header(user) }),
        ...(key === undefined ? {} : { "x-clickhouse-key": header(key) }),
      };
      const target = `/?query=${encodeURIComponent(query)}`;
      const { answer, secrets, at } = await ask(context, { target, headers, maxBodyBytes: 4096 });
      secrets.add(key);
      const text = shown(answer.body, secrets);
      // 516 is "authentication failed", older versions say 192 and 193: no such user, wrong password.
      if (answer.status === 401 || answer.status === 403 || /Code: (?:516|192|193)\b/.test(text)) {
        const who = user === undefined ? "" : ` for user "${user}"`;
        throw new CheckError("FLX_CHECK_LOGIN", `${at} refused the password${who}`);
      }
      if (answer.status !== 200) {
        throw new CheckError("FLX_CHECK_ANSWER", `${at} says: ${text}`);
      }
      return options.query === undefined ? { details: { version: text } } : {};
    });
}

/** Headers carry bytes: UTF-8 as Node's HTTP writes it. */
function header(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** A URL without its login, which goes into headers of its own. */
function bare(url: string): string {
  const open = new URL(url);
  open.username = "";
  open.password = "";
  return open.href;
}
