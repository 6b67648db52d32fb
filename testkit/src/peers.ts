// The real servers and tools that conformance tests run beside ours.
//
// One table: tests ask it with `peer()`, `npm run conformance:install` installs from it, and
// conformance/peers.test.ts starts each entry for real. Debian names its binaries differently from the
// projects' own downloads, so an entry lists the names it may have, best first.
//
// Imports nothing of the workspace: scripts/install-peers.ts runs it with plain `node`.

import { execFileSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** One real server or tool. */
export interface PeerEntry {
  /** The names its binary may have, the first found in PATH is taken. */
  readonly binaries: readonly string[];
  /** The Debian (and Ubuntu) package that brings it. */
  readonly debianPackage: string;
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
] as const;

/** The name of a peer. */
export type PeerName = (typeof peerNames)[number];

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
};

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
  const path = entry.binaries.map(inPath).find((found) => found !== undefined);
  return path === undefined ? undefined : { name, path, version: versionOf(path, entry) };
}

function inPath(binary: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, binary)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function versionOf(path: string, { version, debianPackage }: PeerEntry): string {
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
