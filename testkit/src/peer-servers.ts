// Starts the real servers of peers.ts: on a free loopback port, with an empty data folder, ready to answer.
//
// Each starter takes what a test may want to say (a configuration, further flags) and returns the running
// process with its base URL. Disposing of it ends the process and removes the folder.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { TestkitError } from "./errors.ts";
import { packageOf, peer, type PeerName } from "./peers.ts";
import { freePort } from "./ports.ts";
import { startProcess, type RunningProcess, type StopResult } from "./process.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

/** A real server that runs and answers. */
export interface PeerServer extends AsyncDisposable {
  readonly process: RunningProcess;
  readonly port: number;
  /** Its base URL without a slash at the end. */
  readonly url: string;
  /** Its configuration and data; removed when the server is stopped. */
  readonly folder: TemporaryFolder;
  /** Ends the process and removes the folder. */
  stop(): Promise<StopResult>;
}

/** What every starter takes. */
export interface PeerServerOptions {
  /** Further command line flags, after ours: the last one of a flag wins. */
  readonly args?: readonly string[];
  /** Files to lay into the server's folder before it starts, by relative path (rule files, targets). */
  readonly files?: Readonly<Record<string, string>>;
  /** How long it may take to answer (default 60,000 ms). */
  readonly readyTimeoutMs?: number;
  /** Its folder, for a server that is started again on the same data; whoever gives it removes it. */
  readonly folder?: TemporaryFolder;
  /** Default: a free one. */
  readonly port?: number;
}

/** Prometheus' own words; a relative path in it is relative to the server's folder. */
export interface ConfiguredServerOptions extends PeerServerOptions {
  /** The configuration file as YAML text. */
  readonly config?: string;
}

/**
 * A Prometheus with an empty configuration unless told otherwise; reload by POST /-/reload, remote write
 * receiver on.
 *
 * @throws {TestkitError} `TESTKIT_PEER_MISSING`, or what `startProcess()` throws
 */
export async function startPrometheus(options: ConfiguredServerOptions = {}): Promise<PeerServer> {
  return startPeerServer("prometheus", "/-/ready", options, {
    files: { "prometheus.yml": options.config ?? "global: {}\n" },
    args: (port, folder) => [
      `--config.file=${folder.file("prometheus.yml")}`,
      `--storage.tsdb.path=${folder.file("data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--web.enable-lifecycle",
      "--web.enable-remote-write-receiver",
      "--log.level=info",
    ],
  });
}

/**
 * An Alertmanager on its own (no cluster) that routes everything nowhere unless told otherwise.
 *
 * @throws {TestkitError} `TESTKIT_PEER_MISSING`, or what `startProcess()` throws
 */
export async function startAlertmanager(
  options: ConfiguredServerOptions = {},
): Promise<PeerServer> {
  return startPeerServer("alertmanager", "/-/ready", options, {
    files: {
      "alertmanager.yml":
        options.config ?? "route: { receiver: none }\nreceivers: [{ name: none }]\n",
    },
    args: (port, folder) => [
      `--config.file=${folder.file("alertmanager.yml")}`,
      `--storage.path=${folder.file("data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
    ],
  });
}

/**
 * A single-node VictoriaMetrics; what was written is found by queries at once.
 *
 * @throws {TestkitError} `TESTKIT_PEER_MISSING`, or what `startProcess()` throws
 */
export async function startVictoriaMetrics(options: PeerServerOptions = {}): Promise<PeerServer> {
  return startPeerServer("victoria-metrics", "/health", options, {
    files: {},
    args: (port, folder) => [
      `-httpListenAddr=127.0.0.1:${port}`,
      `-storageDataPath=${folder.file("data")}`,
      "-retentionPeriod=100y",
      "-search.latencyOffset=0s",
    ],
  });
}

/**
 * A node exporter with its default collectors.
 *
 * @throws {TestkitError} `TESTKIT_PEER_MISSING`, or what `startProcess()` throws
 */
export async function startNodeExporter(options: PeerServerOptions = {}): Promise<PeerServer> {
  return startPeerServer("node-exporter", "/", options, {
    files: {},
    args: (port) => [`--web.listen-address=127.0.0.1:${port}`],
  });
}

type Recipe = {
  readonly files: Readonly<Record<string, string>>;
  readonly args: (port: number, folder: TemporaryFolder) => readonly string[];
};

async function startPeerServer(
  name: PeerName,
  readyPath: string,
  options: PeerServerOptions,
  recipe: Recipe,
): Promise<PeerServer> {
  const found = peer(name);
  if (found === undefined) throw missingPeer(name);
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const folder = options.folder ?? (await temporaryFolder(name));
  try {
    await layFiles(folder, { ...recipe.files, ...options.files });
    const running = await startProcess({
      name,
      command: found.path,
      args: [...recipe.args(port, folder), ...(options.args ?? [])],
      cwd: folder.path,
      ready: { url: url + readyPath },
      readyTimeoutMs: options.readyTimeoutMs ?? 60_000,
    });
    return new StartedServer(running, port, url, folder, options.folder === undefined);
  } catch (error) {
    if (options.folder === undefined) await folder.remove();
    throw error;
  }
}

/** The error for a server that is not installed. */
export function missingPeer(name: PeerName): TestkitError {
  const text = `${name} is not installed (${packageOf(name)})`;
  return new TestkitError("TESTKIT_PEER_MISSING", `${text}: npm run conformance:install`);
}

/** A running server with its folder. */
export class StartedServer implements PeerServer {
  readonly process: RunningProcess;
  readonly port: number;
  readonly url: string;
  readonly folder: TemporaryFolder;
  readonly #ownsFolder: boolean;

  constructor(
    running: RunningProcess,
    port: number,
    url: string,
    folder: TemporaryFolder,
    ownsFolder = true,
  ) {
    this.process = running;
    this.port = port;
    this.url = url;
    this.folder = folder;
    this.#ownsFolder = ownsFolder;
  }

  async stop(): Promise<StopResult> {
    const result = await this.process.stop();
    if (this.#ownsFolder) await this.folder.remove();
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Writes files into a folder, and the folders they are in. */
export async function layFiles(
  folder: TemporaryFolder,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await Promise.all(
    Object.entries(files).map(async ([name, text]) => {
      const path = folder.file(name);
      await mkdir(dirname(path), { recursive: true });
      // For its owner alone: servers refuse keys and passwords that others may read.
      await writeFile(path, text, { mode: 0o600 });
    }),
  );
}
