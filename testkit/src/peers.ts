// The real servers and tools that conformance tests run beside ours.
//
// One table: tests ask it with `peer()`, `npm run conformance:install` installs from it, and
// conformance/peers.test.ts starts each entry for real. Debian names its binaries differently from the
// projects' own downloads, so an entry lists the names it may have, best first.
//
// Imports nothing of the workspace: scripts/install-peers.ts runs it with plain `node`.

import { execFileSync } from "node:child_process";
import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** One real server or tool. */
export interface PeerEntry {
  /** The names its binary may have, the first found in PATH is taken. */
  readonly binaries: readonly string[];
  /** The Debian (and Ubuntu) package that brings it. */
  readonly debianPackage?: string;
  /** The npm package that brings it, where Debian has none: put into {@link npmPeers}, beside the workspace's own. */
  readonly npmPackage?: { readonly name: string; readonly version: string };
  /** Where it may be besides PATH (servers are where only root looks); "*" is a version, the highest is taken. */
  readonly folders?: readonly string[];
  /** Packages that the package brings and that have its services: what they enable is disabled, too. */
  readonly servicePackages?: readonly string[];
  /** What our tests use it for. */
  readonly purpose: string;
  /** Where its version comes from: its own output, or the package where the build left it empty. */
  readonly version: { readonly args: readonly string[]; readonly pattern: RegExp } | "package";
}

/** The names of all peers. */
export const peerNames = [
  "prometheus",
  "promtool",
  "alertmanager",
  "amtool",
  "victoria-metrics",
  "vmagent",
  "vmalert",
  "node-exporter",
  "chromium",
  "curl",
  "postgres",
  "mariadb",
  "redis",
  "memcached",
  "rabbitmq",
  "nats",
  "mosquitto",
  "nginx",
  "exim",
  "dnsmasq",
  "clickhouse",
  "openssl",
  "systemd-analyze",
  "deno",
] as const;

/** The name of a peer. */
export type PeerName = (typeof peerNames)[number];

/** Where npm puts the peers that it brings. */
export const npmPeers: string = join(import.meta.dirname, "../../node_modules/.cache/peers");

const denoPackage = { name: `@deno/linux-${process.arch}-glibc`, version: "2.9.6" };

/** Where Debian puts servers; in the PATH of root only. */
const sbin = ["/usr/sbin", "/usr/local/sbin"];

const goVersion = { args: ["--version"], pattern: /version (\S+)/ };

/** All peers by name. */
export const peers: Readonly<Record<PeerName, PeerEntry>> = {
  prometheus: {
    binaries: ["prometheus"],
    debianPackage: "prometheus",
    purpose: "scrapes us, judges our PromQL, rules and HTTP API",
    version: goVersion,
  },
  promtool: {
    binaries: ["promtool"],
    debianPackage: "prometheus",
    purpose: "checks exposition text and rule files",
    version: goVersion,
  },
  alertmanager: {
    binaries: ["prometheus-alertmanager", "alertmanager"],
    debianPackage: "prometheus-alertmanager",
    purpose: "receives our alerts, judges routing and API v2",
    version: goVersion,
  },
  amtool: {
    binaries: ["amtool"],
    debianPackage: "prometheus-alertmanager",
    purpose: "checks routing configuration, talks to our API v2",
    version: goVersion,
  },
  "victoria-metrics": {
    binaries: ["victoria-metrics", "victoria-metrics-prod"],
    debianPackage: "victoria-metrics",
    purpose: "takes our remote write, answers PromQL as a remote engine",
    version: "package",
  },
  vmagent: {
    binaries: ["vmagent", "vmagent-prod"],
    debianPackage: "victoria-metrics",
    purpose: "scrapes us, sends remote write to us",
    version: "package",
  },
  vmalert: {
    binaries: ["vmalert", "vmalert-prod"],
    debianPackage: "victoria-metrics",
    purpose: "evaluates the same rule files against us",
    version: "package",
  },
  "node-exporter": {
    binaries: ["prometheus-node-exporter", "node_exporter"],
    debianPackage: "prometheus-node-exporter",
    purpose: "a real target, and the reference for system metrics",
    version: goVersion,
  },
  chromium: {
    binaries: ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"],
    debianPackage: "chromium",
    purpose: "shows the console",
    version: { args: ["--version"], pattern: /(\d+\.\d+\S*)/ },
  },
  curl: {
    binaries: ["curl"],
    debianPackage: "curl",
    purpose: "runs the commands that the documentation gives",
    version: { args: ["--version"], pattern: /^curl (\S+)/ },
  },
  postgres: {
    binaries: ["postgres"],
    folders: ["/usr/lib/postgresql/*/bin"],
    debianPackage: "postgresql",
    servicePackages: ["postgresql-common"],
    purpose: "is looked at by the health check of PostgreSQL",
    version: { args: ["--version"], pattern: /PostgreSQL\) (\S+)/ },
  },
  mariadb: {
    binaries: ["mariadbd"],
    folders: sbin,
    debianPackage: "mariadb-server",
    purpose: "is looked at by the health check of MySQL and MariaDB",
    version: { args: ["--version"], pattern: /Ver (\S+?)-/ },
  },
  redis: {
    binaries: ["redis-server"],
    debianPackage: "redis-server",
    purpose: "is looked at by the health check of Redis",
    version: { args: ["--version"], pattern: /v=(\S+)/ },
  },
  memcached: {
    binaries: ["memcached"],
    debianPackage: "memcached",
    purpose: "is looked at by the health check of memcached",
    version: { args: ["--version"], pattern: /memcached (\S+)/ },
  },
  rabbitmq: {
    binaries: ["rabbitmq-server"],
    folders: sbin,
    debianPackage: "rabbitmq-server",
    servicePackages: ["erlang-base"],
    purpose: "is looked at by the health check of RabbitMQ",
    version: "package",
  },
  nats: {
    binaries: ["nats-server"],
    folders: sbin,
    debianPackage: "nats-server",
    purpose: "is looked at by the health check of NATS",
    version: { args: ["--version"], pattern: /v(\d\S*)/ },
  },
  mosquitto: {
    binaries: ["mosquitto"],
    folders: sbin,
    debianPackage: "mosquitto",
    purpose: "is looked at by the health check of MQTT",
    version: "package",
  },
  nginx: {
    binaries: ["nginx"],
    folders: sbin,
    debianPackage: "nginx",
    servicePackages: ["nginx-common"],
    purpose: "stands in front of a service that is restarted, and is looked at by HTTP checks",
    version: "package",
  },
  exim: {
    binaries: ["exim4"],
    folders: sbin,
    debianPackage: "exim4-daemon-light",
    servicePackages: ["exim4-base"],
    purpose: "is looked at by the health check of mail servers",
    version: { args: ["--version"], pattern: /version (\S+)/ },
  },
  dnsmasq: {
    binaries: ["dnsmasq"],
    folders: sbin,
    debianPackage: "dnsmasq-base",
    purpose: "is looked at by the health check of DNS",
    version: { args: ["--version"], pattern: /version (\S+)/ },
  },
  clickhouse: {
    binaries: ["clickhouse-server"],
    folders: sbin,
    debianPackage: "clickhouse-server",
    servicePackages: ["clickhouse-common"],
    purpose: "is looked at by the health check of ClickHouse",
    version: "package",
  },
  openssl: {
    binaries: ["openssl"],
    debianPackage: "openssl",
    purpose: "makes the certificates of test servers",
    version: { args: ["version"], pattern: /OpenSSL (\S+)/ },
  },
  "systemd-analyze": {
    binaries: ["systemd-analyze"],
    debianPackage: "systemd",
    purpose: "checks the unit in deploy/",
    version: { args: ["--version"], pattern: /systemd \d+ \(([^)]+)\)/ },
  },
  deno: {
    binaries: ["deno"],
    folders: [join(npmPeers, "node_modules", denoPackage.name)],
    npmPackage: denoPackage,
    purpose: "sends OTLP from an exporter that is not JavaScript",
    version: { args: ["--version"], pattern: /deno (\S+)/ },
  },
};

/** What brings a peer, in words. */
export function packageOf(name: PeerName): string {
  const { debianPackage, npmPackage } = peers[name];
  if (npmPackage === undefined) return `Debian package ${debianPackage}`;
  return `npm package ${npmPackage.name}@${npmPackage.version}`;
}

/** A peer that is installed. */
export interface Peer {
  readonly name: PeerName;
  /** The absolute path of its binary. */
  readonly path: string;
  /** Its version as it says itself, or of its package, or "unknown". */
  readonly version: string;
}

const known = new Map<PeerName, Peer | undefined>();

/** Where a peer is installed and which version, or undefined when it is not. Looked up once. */
export function peer(name: PeerName): Peer | undefined {
  if (!known.has(name)) known.set(name, findPeer(name));
  return known.get(name);
}

/** Like {@link peer}, but looks again: after something was installed. */
export function findPeer(name: PeerName): Peer | undefined {
  const entry = peers[name];
  const folders = [...pathFolders(), ...(entry.folders ?? []).flatMap(existing)];
  const path = entry.binaries
    .flatMap((binary) => folders.map((folder) => join(folder, binary)))
    .find(isProgram);
  return path === undefined ? undefined : { name, path, version: versionOf(path, entry) };
}

function pathFolders(): string[] {
  return (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
}

// "/usr/lib/x/[version]/bin" with each version there is, the highest first.
function existing(pattern: string): string[] {
  const [before = "", after] = pattern.split("/*");
  if (after === undefined) return [pattern];
  try {
    const versions = readdirSync(before).toSorted((a, b) => Number(b) - Number(a));
    return versions.map((version) => `${before}/${version}${after}`);
  } catch {
    return [];
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function versionOf(path: string, { version, debianPackage = "" }: PeerEntry): string {
  const [command, args, pattern] =
    version === "package"
      ? (["dpkg-query", ["--show", "--showformat=${Version}", debianPackage], /(.+)/] as const)
      : ([path, version.args, version.pattern] as const);
  try {
    const text = execFileSync(command, args, {
      encoding: "utf8",
      timeout: 10_000,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return pattern.exec(text)?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}
