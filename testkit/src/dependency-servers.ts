// Starts the real servers that services depend on: databases, brokers, mail, names. As of peer-servers.ts each listens
// on a free loopback port, with a folder of its own, and is ended and removed by disposing of it.
//
// Some of them refuse to run as root (PostgreSQL, RabbitMQ) or want to become somebody first (MariaDB, memcached, Exim).
// Run by root they are started as "nobody", and the folder is nobody's; run by anybody else they are simply started.
//
// Durability is switched off where there is a switch: nobody needs the data after the test.

import { execFile } from "node:child_process";
import { chown, rename } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { layFiles, missingPeer, type PeerServer, StartedServer } from "./peer-servers.ts";
import { peer, type PeerName } from "./peers.ts";
import { freePort } from "./ports.ts";
import { startProcess, type Ready } from "./process.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

/** What every starter here takes. */
export interface DependencyServerOptions {
  /** The port; default a free one. To start a server again where it was. */
  readonly port?: number;
  /** Further command line arguments, after ours. */
  readonly args?: readonly string[];
  /** The password of user "app", where the server has users; default "sesame". */
  readonly password?: string;
  /** Files to lay into its folder before it starts, by relative path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A server that is started with a configuration file. */
export interface ConfiguredDependencyOptions extends DependencyServerOptions {
  /** The configuration, given the port and the server's folder. */
  readonly config?: (port: number, folder: string) => string;
}

const run = promisify(execFile);
const NOBODY = 65_534;

/**
 * A PostgreSQL with the user "app" (SCRAM-SHA-256 over TCP) and the database "postgres".
 *
 * @throws {TestkitError} `TESTKIT_PEER_MISSING`, or what `startProcess()` throws; so do all starters here
 */
export async function startPostgres(options: DependencyServerOptions = {}): Promise<PeerServer> {
  return startDependency("postgres", options, {
    scheme: "postgres",
    files: { password: options.password ?? "sesame" },
    prepare: ({ path, folder, as }) =>
      as(join(dirname(path), "initdb"), [
        "-D",
        folder.file("data"),
        "-U",
        "app",
        `--pwfile=${folder.file("password")}`,
        "--auth-host=scram-sha-256",
        "--auth-local=trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
      ]),
    args: (port, folder) => [
      "-D",
      folder.file("data"),
      "-h",
      "127.0.0.1",
      "-p",
      String(port),
      "-k",
      folder.path,
      "-c",
      "fsync=off",
      "-c",
      "shared_buffers=16MB",
    ],
    ready: { line: /database system is ready to accept connections/ },
    stopSignal: "SIGINT",
  });
}

/** A MariaDB with the user "app" and the database "test". */
export async function startMariadb(options: DependencyServerOptions = {}): Promise<PeerServer> {
  return startDependency("mariadb", options, {
    scheme: "mysql",
    files: {
      "init.sql":
        "CREATE DATABASE IF NOT EXISTS test;\n" +
        `CREATE USER app@'127.0.0.1' IDENTIFIED BY '${options.password ?? "sesame"}';\n`,
    },
    prepare: ({ folder, as }) =>
      as("mariadb-install-db", [
        "--no-defaults",
        `--datadir=${folder.file("data")}`,
        "--skip-test-db",
        "--auth-root-authentication-method=normal",
        "--innodb-log-file-size=4M",
      ]),
    args: (port, folder) => [
      "--no-defaults",
      `--datadir=${folder.file("data")}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      `--socket=${folder.file("socket")}`,
      `--pid-file=${folder.file("pid")}`,
      `--init-file=${folder.file("init.sql")}`,
      "--innodb-flush-log-at-trx-commit=0",
      "--innodb-buffer-pool-size=16M",
      "--performance-schema=off",
      "--skip-name-resolve",
      "--skip-log-bin",
    ],
    ready: { line: /ready for connections/ },
  });
}

/** A Redis without a password unless `args` has one. */
export async function startRedis(options: DependencyServerOptions = {}): Promise<PeerServer> {
  return startDependency("redis", options, {
    scheme: "redis",
    args: (port, folder) => [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--dir",
      folder.path,
      "--unixsocket",
      folder.file("socket"),
      "--unixsocketperm",
      "777",
    ],
    ready: { line: /Ready to accept connections/ },
  });
}

/** A memcached; with `password`, of the user "app" (text protocol). */
export async function startMemcached(options: DependencyServerOptions = {}): Promise<PeerServer> {
  const { password } = options;
  return startDependency("memcached", options, {
    scheme: "memcached",
    files: password === undefined ? {} : { users: `app:${password}\n` },
    args: (port, folder) => [
      "-l",
      "127.0.0.1",
      "-p",
      String(port),
      "-U",
      "0",
      "-m",
      "8",
      "-t",
      "1",
      ...(password === undefined ? [] : ["-Y", folder.file("users")]),
    ],
    ready: "port",
  });
}

/**
 * A RabbitMQ with the user "guest" only (password "guest"). It has an epmd of its own, which ends with it: none is left
 * on the machine.
 */
export async function startRabbitmq(options: DependencyServerOptions = {}): Promise<PeerServer> {
  const epmdPort = await freePort();
  const distributionPort = await freePort();
  return startDependency("rabbitmq", options, {
    scheme: "amqp",
    files: { enabled_plugins: "[].\n", "rabbitmq.conf": "loopback_users = none\n" },
    // The script beside Debian's wrapper, which insists on root or its own user.
    command: (path) => [
      "sh",
      "-c",
      'epmd -address 127.0.0.1 & exec "$0" "$@"',
      join(dirname(realpathSync(path)), "rabbitmq-server"),
    ],
    args: () => [],
    env: (port, folder) => ({
      HOME: folder.path,
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(epmdPort),
      RABBITMQ_NODENAME: `flx${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_MNESIA_BASE: folder.file("mnesia"),
      RABBITMQ_LOG_BASE: folder.file("log"),
      RABBITMQ_LOGS: "-",
      RABBITMQ_ENABLED_PLUGINS_FILE: folder.file("enabled_plugins"),
      RABBITMQ_CONFIG_FILE: folder.file("rabbitmq.conf"),
      RABBITMQ_CONF_ENV_FILE: folder.file("none"),
      RABBITMQ_PID_FILE: folder.file("pid"),
    }),
    ready: { line: /Server startup complete/ },
    readyTimeoutMs: 60_000,
  });
}

/** A NATS server; with `password`, of the user "app". */
export async function startNats(options: DependencyServerOptions = {}): Promise<PeerServer> {
  const { password } = options;
  return startDependency("nats", options, {
    scheme: "nats",
    args: (port) => [
      "-a",
      "127.0.0.1",
      "-p",
      String(port),
      ...(password === undefined ? [] : ["--user", "app", "--pass", password]),
    ],
    ready: { line: /Server is ready/ },
  });
}

/** A Mosquitto; with `password`, of the user "app". */
export async function startMosquitto(
  options: ConfiguredDependencyOptions = {},
): Promise<PeerServer> {
  const { password } = options;
  return startDependency("mosquitto", options, {
    scheme: "mqtt",
    files: password === undefined ? {} : { users: `app:${password}\n` },
    config:
      options.config ??
      ((port, folder) =>
        `listener ${port} 127.0.0.1\nallow_anonymous ${password === undefined}\n` +
        (password === undefined ? "" : `password_file ${join(folder, "users")}\n`)),
    // Turns the password into its hash.
    prepare: ({ folder, as }) =>
      password === undefined ? undefined : as("mosquitto_passwd", ["-U", folder.file("users")]),
    args: (_, folder) => ["-c", folder.file("config")],
    ready: "port",
  });
}

/** An nginx that answers 200 "ok" unless it is configured otherwise. */
export async function startNginx(options: ConfiguredDependencyOptions = {}): Promise<PeerServer> {
  return startDependency("nginx", options, {
    scheme: "http",
    config:
      options.config ??
      ((port, folder) =>
        nginxConfig(folder, `server { listen 127.0.0.1:${port}; return 200 "ok"; }`)),
    args: (_, folder) => ["-p", folder.path, "-c", folder.file("config"), "-e", "stderr"],
    ready: "port",
    stopSignal: "SIGQUIT",
  });
}

/** A whole configuration of nginx around the `http` part's content: in the foreground, all files in its folder. */
export function nginxConfig(folder: string, http: string): string {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const paths = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join(" ");
  return (
    `daemon off; worker_processes 1; pid ${join(folder, "pid")}; error_log stderr;\n` +
    `events { worker_connections 1024; }\nhttp { access_log off; ${paths}\n${http}\n}\n`
  );
}

/** An Exim that takes no mail for anybody and has the user "app". */
export async function startExim(options: DependencyServerOptions = {}): Promise<PeerServer> {
  return startDependency("exim", options, {
    scheme: "smtp",
    config: (port, folder) => `primary_hostname = mail.test
spool_directory = ${join(folder, "spool")}
log_file_path = ${join(folder, "%s.log")}
pid_file_path = ${join(folder, "pid")}
exim_user = ${isRoot() ? NOBODY : process.getuid?.()}
exim_group = ${isRoot() ? NOBODY : process.getgid?.()}
never_users =
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
keep_environment =
host_lookup =
rfc1413_hosts =
tls_advertise_hosts =
auth_advertise_hosts = *
acl_smtp_rcpt = nobody
begin acl
nobody:
  deny
begin routers
begin transports
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{app}}{eq{$auth3}{${options.password ?? "sesame"}}}}}
  server_set_id = $auth2
`,
    args: (port, folder) => ["-C", folder.file("config"), "-bdf", "-oX", String(port)],
    ready: "port",
    files: { "spool/made": "" },
  });
}

/** A dnsmasq that knows shop.test: two addresses and an SRV record. */
export async function startDnsmasq(options: DependencyServerOptions = {}): Promise<PeerServer> {
  return startDependency("dnsmasq", options, {
    scheme: "dns",
    args: (port) => [
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--no-resolv",
      "--no-hosts",
      "--local=/test/",
      "--listen-address=127.0.0.1",
      "--bind-interfaces",
      `--port=${port}`,
      "--pid-file=",
      "--host-record=shop.test,10.1.2.3",
      "--host-record=shop.test,10.1.2.4",
      "--srv-host=_http._tcp.shop.test,shop.test,8080",
      "--user=",
    ],
    ready: "port",
  });
}

/** A ClickHouse with the user "app" and HTTP only. */
export async function startClickhouse(options: DependencyServerOptions = {}): Promise<PeerServer> {
  const password = options.password ?? "sesame";
  return startDependency("clickhouse", options, {
    scheme: "http",
    config: (port, folder) => `<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <http_port>${port}</http_port><listen_host>127.0.0.1</listen_host>
  <path>${join(folder, "data")}/</path><tmp_path>${join(folder, "tmp")}/</tmp_path>
  <users_config>users.xml</users_config><mark_cache_size>67108864</mark_cache_size>
  <default_profile>default</default_profile><default_database>default</default_database>
</yandex>
`,
    files: {
      "users.xml": `<yandex><profiles><default/></profiles><quotas><default/></quotas>
  <users><app><password>${password}</password><networks><ip>::/0</ip></networks>
  <profile>default</profile><quota>default</quota></app></users>
</yandex>
`,
      "data/made": "",
      "tmp/made": "",
    },
    // The kind of a file of XML is known by its name.
    prepare: ({ folder }) => rename(folder.file("config"), folder.file("config.xml")),
    args: (_, folder) => [`--config-file=${folder.file("config.xml")}`],
    ready: "port",
  });
}

type Prepare = {
  readonly path: string;
  readonly folder: TemporaryFolder;
  /** Runs a command as the server's user. */
  readonly as: (command: string, args: readonly string[]) => Promise<unknown>;
};

type Recipe = {
  readonly scheme: string;
  readonly files?: Readonly<Record<string, string>>;
  /** The content of the file "config". */
  readonly config?: (port: number, folder: string) => string;
  readonly prepare?: (parts: Prepare) => Promise<unknown> | undefined;
  /** The command and its first arguments, when it is not the binary alone. */
  readonly command?: (path: string) => readonly string[];
  readonly args: (port: number, folder: TemporaryFolder) => readonly string[];
  readonly env?: (port: number, folder: TemporaryFolder) => Readonly<Record<string, string>>;
  readonly ready: Ready | "port";
  readonly readyTimeoutMs?: number;
  readonly stopSignal?: NodeJS.Signals;
};

async function startDependency(
  name: PeerName,
  options: DependencyServerOptions,
  recipe: Recipe,
): Promise<PeerServer> {
  const found = peer(name);
  if (found === undefined) throw missingPeer(name);
  const port = options.port ?? (await freePort());
  const folder = await temporaryFolder(name);
  try {
    const config = recipe.config?.(port, folder.path);
    await layFiles(folder, {
      ...recipe.files,
      ...(config === undefined ? {} : { config }),
      ...options.files,
    });
    await giveToNobody(folder, { ...recipe.files, config: "", ...options.files });
    await recipe.prepare?.({
      path: found.path,
      folder,
      as: (command, args) => {
        const [first, ...rest] = asNobody([command, ...args]);
        return run(first, rest, { cwd: folder.path, env: environment(folder) });
      },
    });
    const [command, ...args] = asNobody([
      ...(recipe.command?.(found.path) ?? [found.path]),
      ...recipe.args(port, folder),
      ...(options.args ?? []),
    ]);
    const running = await startProcess({
      name,
      command,
      args,
      cwd: folder.path,
      env: { ...environment(folder), ...recipe.env?.(port, folder) },
      ready: recipe.ready === "port" ? { port } : recipe.ready,
      readyTimeoutMs: recipe.readyTimeoutMs ?? 30_000,
      stopSignal: recipe.stopSignal,
    });
    return new StartedServer(running, port, `${recipe.scheme}://127.0.0.1:${port}`, folder);
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

function environment(folder: TemporaryFolder): Record<string, string> {
  return { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/bin`, HOME: folder.path };
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** The command, run as nobody where we are root. */
function asNobody(command: readonly string[]): [string, ...string[]] {
  const [first = "", ...rest] = command;
  if (!isRoot()) return [first, ...rest];
  const become = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];
  return ["setpriv", ...become, first, ...rest];
}

async function giveToNobody(
  folder: TemporaryFolder,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  if (!isRoot()) return;
  const names = Object.keys(files).flatMap((name) => [name, dirname(name)]);
  const paths = new Set([folder.path, ...names.map((name) => folder.file(name))]);
  await Promise.all(
    Array.from(paths, (path) => chown(path, NOBODY, NOBODY).catch(() => undefined)),
  );
}
