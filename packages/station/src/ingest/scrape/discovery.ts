// Where targets come from: written down, in files, from an HTTP endpoint, from DNS.
//
//   source ── every refresh interval ── groups ── onGroups(source's groups, all of them)
//
// A refresh that fails keeps what was known, as Prometheus does, and is told to `onError`.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (static_config, file_sd_config,
// http_sd_config, dns_sd_config)

import { Resolver } from "node:dns/promises";
import { glob, readFile } from "node:fs/promises";
import { extname } from "node:path";
import { FlxError } from "@flx/model";
import type { HttpAccess, HttpAccessSource } from "../../base/http-call.ts";
import { yaml } from "../../base/yaml.ts";
import { fetchExposition } from "./fetch-exposition.ts";
import type { TargetGroup } from "./target.ts";

/** A source of targets. */
export type DiscoverySettings =
  | { readonly kind: "static"; readonly groups: readonly Omit<TargetGroup, "source">[] }
  | { readonly kind: "file"; readonly files: readonly string[]; readonly refreshMs?: number }
  | {
      readonly kind: "http";
      readonly url: string;
      readonly access?: HttpAccess | HttpAccessSource;
      readonly refreshMs?: number;
    }
  | {
      readonly kind: "dns";
      readonly names: readonly string[];
      readonly type?: "A" | "AAAA" | "SRV";
      /** Of A and AAAA, which have none. */
      readonly port?: number;
      readonly refreshMs?: number;
      /** Servers to ask instead of the system's, as `address:port`. */
      readonly servers?: readonly string[];
    };

const REFRESH_MS = { static: 0, file: 5_000, http: 60_000, dns: 30_000 };
const MAX_BYTES = 16 * 1024 * 1024;

/** A running source. */
export class Discovery implements Disposable {
  readonly #settings: DiscoverySettings;
  readonly #onGroups: (groups: readonly TargetGroup[]) => void;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    settings: DiscoverySettings,
    onGroups: (groups: readonly TargetGroup[]) => void,
    onError: (error: unknown) => void,
  ) {
    this.#settings = settings;
    this.#onGroups = onGroups;
    this.#onError = onError;
  }

  /** Looks once and goes on looking; resolves after the first look. */
  async start(): Promise<void> {
    await this.#refresh();
    const { kind } = this.#settings;
    const refreshMs =
      this.#settings.kind === "static" ? 0 : (this.#settings.refreshMs ?? REFRESH_MS[kind]);
    if (refreshMs === 0 || this.#stopped) return;
    const again = async (): Promise<void> => {
      await this.#refresh();
      if (!this.#stopped) this.#timer = setTimeout(() => void again(), refreshMs);
    };
    this.#timer = setTimeout(() => void again(), refreshMs);
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #refresh(): Promise<void> {
    try {
      const groups = await discover(this.#settings);
      if (!this.#stopped) this.#onGroups(groups);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/**
 * The groups of a source now.
 *
 * @throws {FlxError} `FLX_DISCOVERY` when what is there is no list of targets
 */
export async function discover(settings: DiscoverySettings): Promise<readonly TargetGroup[]> {
  switch (settings.kind) {
    case "static":
      return settings.groups.map((group, i) => ({ ...group, source: String(i) }));
    case "file":
      return fromFiles(settings.files);
    case "http": {
      const { url, access = {} } = settings;
      const { body } = await fetchExposition(url, access, 30_000, MAX_BYTES);
      const shown = withoutPassword(url);
      const meta = { __meta_url: shown };
      return groupsOf(parseAs(".json", body.toString(), shown), shown, meta);
    }
    case "dns":
    default:
      return fromDns(settings);
  }
}

/** Labels of targets are seen by everybody who may read. */
function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password !== "") shown.password = "xxxxx";
  return shown.href;
}

async function fromFiles(patterns: readonly string[]): Promise<TargetGroup[]> {
  const groups: TargetGroup[] = [];
  for (const pattern of patterns) {
    for await (const path of glob(pattern)) {
      const text = await readFile(path, "utf8");
      groups.push(...groupsOf(parseAs(extname(path), text, path), path, { __meta_filepath: path }));
    }
  }
  return groups;
}

function parseAs(extension: string, text: string, source: string): unknown {
  try {
    return extension === ".json" ? JSON.parse(text) : yaml().parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    throw new FlxError("FLX_DISCOVERY", `${source}: ${(cause as Error).message}`, { cause });
  }
}

function groupsOf(
  value: unknown,
  source: string,
  meta: Readonly<Record<string, string>>,
): TargetGroup[] {
  const wrong = (reason: string): never => {
    throw new FlxError("FLX_DISCOVERY", `${source}: ${reason}`);
  };
  if (!Array.isArray(value)) return wrong("must be a list of groups");
  return value.map((group: unknown, i) => {
    if (typeof group !== "object" || group === null) return wrong(`group ${i} must be an object`);
    const { targets, labels = {} } = group as { targets?: unknown; labels?: unknown };
    const isText = (item: unknown): boolean => typeof item === "string";
    if (!Array.isArray(targets) || !targets.every(isText)) {
      return wrong(`targets of group ${i} must be a list of texts`);
    }
    if (typeof labels !== "object" || labels === null || !Object.values(labels).every(isText)) {
      return wrong(`labels of group ${i} must be texts`);
    }
    return {
      targets: targets as string[],
      labels: { ...(labels as Record<string, string>), ...meta },
      source: `${source}:${i}`,
    };
  });
}

async function fromDns(
  settings: Extract<DiscoverySettings, { readonly kind: "dns" }>,
): Promise<TargetGroup[]> {
  const { names, type = "SRV", port = 80, servers } = settings;
  const resolver = new Resolver({ timeout: 5_000, tries: 2 });
  if (servers !== undefined) resolver.setServers([...servers]);
  const groups: TargetGroup[] = [];
  for (const name of names) {
    const meta = { __meta_dns_name: name };
    if (type === "SRV") {
      for (const record of await resolver.resolveSrv(name)) {
        groups.push({
          targets: [`${record.name}:${record.port}`],
          labels: {
            ...meta,
            __meta_dns_srv_record_target: record.name,
            __meta_dns_srv_record_port: String(record.port),
          },
          source: name,
        });
      }
      continue;
    }
    const addresses = type === "A" ? await resolver.resolve4(name) : await resolver.resolve6(name);
    const host = (address: string): string => (type === "A" ? address : `[${address}]`);
    const targets = addresses.map((address) => `${host(address)}:${port}`);
    groups.push({ targets, labels: meta, source: name });
  }
  return groups;
}
