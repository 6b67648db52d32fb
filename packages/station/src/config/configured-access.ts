// How to reach a server, from configuration: secrets and certificates are read when they are used.

import { readFile } from "node:fs/promises";
import type { HttpAccess, HttpAccessSource } from "../base/http-call.ts";
import type { HttpClientSettings, PemSource } from "./http-client.ts";

/** The access that <http_config> describes. Two of equal settings are deeply equal. */
export class ConfiguredAccess implements HttpAccessSource {
  readonly settings: HttpClientSettings;

  constructor(settings: HttpClientSettings) {
    this.settings = settings;
  }

  /** @throws {FlxError} `FLX_CONFIG_SECRET`; errors of files as they are */
  async access(): Promise<HttpAccess> {
    const { followRedirects, headers } = this.settings;
    const lines: Record<string, string[]> = {};
    for (const [name, values] of headers) {
      lines[name] = await Promise.all(values.map((value) => value.reveal()));
    }
    return {
      followRedirects,
      headers: lines,
      ...(await this.#credentials()),
      tls: await this.#tls(),
    };
  }

  async #credentials(): Promise<Pick<HttpAccess, "basicAuth" | "authorization">> {
    const { authorization } = this.settings;
    if (authorization === undefined) return {};
    if (authorization.kind === "header") {
      const credentials = await authorization.credentials.reveal();
      return { authorization: `${authorization.type} ${credentials}` };
    }
    const { username, password } = authorization;
    return {
      basicAuth: {
        username: await username.reveal(),
        password: (await password?.reveal()) ?? "",
      },
    };
  }

  async #tls(): Promise<NonNullable<HttpAccess["tls"]>> {
    const { ca, cert, key, serverName, insecureSkipVerify, minVersion, maxVersion } =
      this.settings.tls;
    return {
      insecureSkipVerify,
      ...(ca !== undefined && { ca: await pem(ca) }),
      ...(cert !== undefined && { cert: await pem(cert) }),
      ...(key !== undefined && { key: await key.reveal() }),
      ...(serverName !== undefined && { serverName }),
      ...(minVersion !== undefined && { minVersion }),
      ...(maxVersion !== undefined && { maxVersion }),
    };
  }
}

async function pem(source: PemSource): Promise<string> {
  return source.kind === "text" ? source.text : await readFile(source.path, "utf8");
}
