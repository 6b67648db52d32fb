// The process manager of the shop: starts every process, restarts what crashes, rolls out versions, switches faults.
//
//   supervisor ── control API :8070
//     ├── payments   :5052  <───┐ (through the network below)
//     ├── network  :any ────────┘<─┐
//     ├── orders     :5051  ───────┘
//     ├── gateway    :8080
//     ├── station    :3590      before all of them, when it is asked for
//     ├── pipelines             after orders and payments
//     └── traffic               after all others
//
// Stopping goes the other way round, so nobody calls a process that is already gone.

import { once } from "node:events";
import { mkdirSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Fault } from "../faults/catalogue.ts";
import { startNetwork, type Network } from "../faults/network-delay.ts";
import { ensureCertificate } from "../grpc/self-signed.ts";
import type { Log } from "../log.ts";
import { levelOf } from "../log.ts";
import { reportText } from "../process/report-output.ts";
import { liveVersions, thisService, type ServiceName } from "../service.ts";
import { host } from "../settings.ts";
import { Child, type ChildName, type ChildStatus } from "./child.ts";
import { startControlApi } from "./control-api.ts";
import { FaultBoard } from "./fault-board.ts";
import { LogFile } from "./log-file.ts";
import { choosePorts, PortTakenError, type Ports } from "./ports.ts";
import { ReportGate } from "./report-gate.ts";
import { announceShop, findShop } from "./shop-file.ts";
import { ShopStation, type StationPorts } from "./station.ts";
import { TraceReceiver } from "./trace-receiver.ts";

export type ShopOptions = {
  readonly dataFolder: string;
  /** 0 is any free port. */
  readonly ports: Ports;
  /** Requests a second, the mean of a day; 0 is no traffic. */
  readonly perSecond: number;
  readonly dayMs: number;
  readonly seed: number;
  readonly tls: boolean;
  /** A station beside the shop, which it is watched with; undefined: none. */
  readonly station: StationPorts | undefined;
  /** Show every line of every process, not only what matters. */
  readonly verbose: boolean;
};

/** What GET /status answers. */
export type ShopStatus = {
  readonly pid: number;
  readonly environment: string;
  readonly dataFolder: string;
  readonly ports: Ports;
  /** Where the station beside the shop answers. */
  readonly stationUrl: string | undefined;
  readonly processes: readonly ChildStatus[];
  readonly faultsOn: readonly string[];
};

const sourceFolder = join(import.meta.dirname, "..");
const badVersion = "1.5.0";
const delayMs = 200;
const ordersHeapMegabytes = 256;
const startTimeoutMs = 60_000;

/** Started in this order, stopped in the opposite one. */
const startOrder: readonly ChildName[] = ["payments", "orders", "gateway", "pipelines", "traffic"];

/** A whole shop. */
export class Supervisor {
  readonly #options: ShopOptions;
  readonly #log: Log;
  readonly #print: (line: string) => void;
  readonly #stopped = Promise.withResolvers<void>();
  readonly #portTaken = Promise.withResolvers<never>();
  readonly #faults: FaultBoard = new FaultBoard((fault, on) => this.#faultChanged(fault, on));
  readonly #openedAtMs = Date.now();
  readonly #files: LogFile[] = [];
  #children: Child[] = [];
  #ports: Ports;
  #network: Network | undefined;
  #traces: TraceReceiver | undefined;
  #station: ShopStation | undefined;
  #control: Server | undefined;
  #announcement: Disposable | undefined;
  #deployment: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(options: ShopOptions, log: Log, print: (line: string) => void) {
    this.#options = options;
    this.#ports = options.ports;
    this.#log = log;
    this.#print = print;
    this.#portTaken.promise.catch(() => {}); // only matters to who is starting
  }

  /** The ports in use; before `start` the ones asked for. */
  get ports(): Ports {
    return this.#ports;
  }

  /** Where the station beside the shop answers; undefined: there is none. */
  get stationUrl(): string | undefined {
    return this.#station?.urls.http;
  }

  /** Resolves when the shop has stopped, for whatever reason. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /**
   * Resolves when every process is ready; false when the shop was stopped meanwhile.
   *
   * @throws {PortTakenError} `port_taken` when a port belongs to somebody else; nothing is left running
   */
  async start(): Promise<boolean> {
    try {
      await this.#prepare();
      const started = this.#startChildren().then(() => true);
      started.catch(() => {}); // after the race is lost
      const ready = await Promise.race([
        started,
        this.#portTaken.promise,
        this.stopped.then(() => false),
      ]);
      return ready && this.#stopping === undefined;
    } catch (error) {
      if (this.#stopping !== undefined) return false;
      await this.stop();
      throw error;
    }
  }

  /** Stops every process, then frees the ports; may be called again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll().finally(() => this.#stopped.resolve());
    return this.#stopping;
  }

  /** Ends every process at once, for those who cannot wait. */
  kill(): void {
    for (const child of this.#children) child.kill();
    this.#station?.kill();
    this.#announcement?.[Symbol.dispose]();
  }

  status(): ShopStatus {
    return {
      pid: process.pid,
      environment: thisService("supervisor").environment,
      dataFolder: this.#options.dataFolder,
      ports: this.#ports,
      stationUrl: this.stationUrl,
      processes: this.#children.map((child) => child.status()),
      faultsOn: this.#faults.on(),
    };
  }

  async #prepare(): Promise<void> {
    const { dataFolder, tls } = this.#options;
    mkdirSync(join(dataFolder, "logs"), { recursive: true });
    refuseSecondShop(dataFolder);
    this.#ports = await choosePorts(this.#options.ports);
    if (tls) ensureCertificate(this.#tlsFolder(), Date.now());
    this.#network = await startNetwork(host, this.#ports.payments);
    const { station } = this.#options;
    if (station !== undefined) {
      this.#station = await ShopStation.start(join(dataFolder, "station"), station, this.#ports);
    }
    if (this.#station === undefined && process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] === undefined) {
      this.#traces = await TraceReceiver.start(this.#print);
    }
    this.#control = await startControlApi(this.#ports.control, {
      status: () => this.status(),
      faults: () => this.#faults.list(),
      switchFault: (fault, on, forMs) => this.#switchFault(fault, on, forMs),
      stop: () => void this.stop(),
    });
    const startedAtMs = this.#openedAtMs;
    this.#announcement = announceShop(dataFolder, {
      pid: process.pid,
      ports: this.#ports,
      tls,
      startedAtMs,
    });
  }

  async #startChildren(): Promise<void> {
    const { perSecond } = this.#options;
    this.#children = startOrder
      .filter((name) => name !== "traffic" || perSecond > 0)
      .map((name) => this.#child(name));
    const start = (names: readonly ChildName[]): Promise<unknown> =>
      Promise.all(
        this.#children.filter(({ name }) => names.includes(name)).map((child) => child.start()),
      );
    const late = setTimeout(() => {
      this.#log.warn("still starting; see the log files", {
        folder: join(this.#options.dataFolder, "logs"),
      });
    }, startTimeoutMs).unref();
    try {
      await start(["payments", "orders", "gateway"]);
      if (this.#stopping === undefined) await start(["pipelines", "traffic"]);
    } finally {
      clearTimeout(late);
    }
  }

  #child(name: ChildName): Child {
    const file = new LogFile(join(this.#options.dataFolder, "logs", `${name}.log`));
    this.#files.push(file);
    const reports = new ReportGate();
    const spec = {
      name,
      entry: join(sourceFolder, name, "main.ts"),
      nodeOptions: name === "orders" ? [`--max-old-space-size=${ordersHeapMegabytes}`] : [],
      env: () => this.#environment(name),
      onLine: (line: string) => {
        file.write(stripVTControlCharacters(line));
        const shown = reports.take(line, Date.now()) ?? [line];
        for (const each of shown) if (this.#isWorthShowing(name, each)) this.#print(each);
      },
      onPortTaken: (port: number) => this.#portTaken.reject(new PortTakenError(name, port)),
    };
    return new Child(spec, this.#log);
  }

  #environment(name: ChildName): Record<string, string> {
    const { dataFolder, dayMs, perSecond, seed, tls } = this.#options;
    const bad = name === "orders" && this.#faults.isOn("bad-deploy");
    return {
      SHOP_SUPERVISED: "1",
      SHOP_VERSION: bad ? badVersion : liveVersions[name],
      SHOP_ENVIRONMENT: thisService(name).environment,
      SHOP_DATA: dataFolder,
      SHOP_GATEWAY_PORT: String(this.#ports.gateway),
      SHOP_ORDERS_PORT: String(this.#ports.orders),
      SHOP_PAYMENTS_PORT: String(this.#ports.payments),
      SHOP_METRICS_PORT: name === "traffic" ? "" : String(this.#ports[`${name}-metrics`]),
      SHOP_ORDERS_ADDRESS: `${host}:${this.#ports.orders}`,
      SHOP_PAYMENTS_ADDRESS: `${host}:${name === "orders" ? this.#network!.port : this.#ports.payments}`,
      SHOP_TLS_FOLDER: tls ? this.#tlsFolder() : "",
      SHOP_DAY_MS: String(dayMs),
      SHOP_OPENED_AT_MS: String(this.#openedAtMs),
      SHOP_TRAFFIC: String(perSecond),
      SHOP_SEED: String(seed),
      SHOP_TRACES_URL: this.#traces?.url ?? "",
      SHOP_STATION_URL: this.#station?.urls.otlpHttp ?? "",
      SHOP_TERMINAL: terminalWidth(),
      SHOP_FAULTS: this.#faults.on().join(","),
    };
  }

  /** Warnings, errors with their reports, and until it closes the summaries of traffic and pipelines; everything is in the log files anyway. */
  #isWorthShowing(name: ChildName, line: string): boolean {
    if (this.#options.verbose) return true;
    const level = levelOf(line);
    if (level === "warn" || level === "error" || reportText(line) !== undefined) return true;
    // Who has asked it to close waits for the end, not for what a pipeline has done meanwhile.
    if (this.#stopping !== undefined) return false;
    const summarises = name === "traffic" || name === "pipelines";
    return level === "info" && summarises && !/ (ready|stopping) /.test(line);
  }

  #switchFault(fault: Fault, on: boolean, forMs: number | undefined): string | undefined {
    if (fault.process === "traffic" && this.#find("traffic") === undefined) {
      return `the shop runs without traffic (--traffic none), so ${fault.name} has nothing to do`;
    }
    this.#faults.set(fault.name, on, forMs);
    return undefined;
  }

  #faultChanged(fault: Fault, on: boolean): void {
    this.#log.info(`fault ${fault.name} is ${on ? "on" : "off"}`);
    for (const child of this.#children) child.sendFaults(this.#faults.on());
    if (fault.name === "network-delay") this.#network?.setDelay(on ? delayMs : 0);
    if (fault.name === "bad-deploy")
      this.#deployment = this.#deployment.then(() => this.#deployOrders());
    else this.#find(fault.process)?.forgive();
  }

  async #deployOrders(): Promise<void> {
    const orders = this.#find("orders");
    if (orders === undefined || this.#stopping !== undefined) return;
    const wanted = this.#environment("orders")["SHOP_VERSION"];
    this.#log.info("deploying", { process: "orders", from: orders.status().version, to: wanted });
    try {
      await orders.stop();
      if (this.#stopping !== undefined) return;
      await orders.start();
      this.#log.info("deployed", { process: "orders", version: orders.status().version });
    } catch (error) {
      this.#log.error("the deployment failed", { process: "orders" }, error);
    }
  }

  async #stopAll(): Promise<void> {
    this.#traces?.hush();
    this.#faults.stop();
    for (const child of this.#children) child.retire();
    await this.#close(this.#control);
    for (const child of this.#children.toReversed()) {
      // oxlint-disable-next-line no-await-in-loop -- callers stop before those they call
      await child.stop();
    }
    await this.#network?.stop();
    await this.#traces?.stop();
    await this.#station?.stop();
    for (const file of this.#files) file.close();
    this.#announcement?.[Symbol.dispose]();
  }

  async #close(server: Server | undefined): Promise<void> {
    if (server === undefined) return;
    const closed = once(server, "close");
    server.close();
    server.closeIdleConnections();
    await closed;
  }

  #find(name: ServiceName): Child | undefined {
    return this.#children.find((child) => child.name === name);
  }

  #tlsFolder(): string {
    return join(this.#options.dataFolder, "tls");
  }
}

/** Columns of the terminal that the shop is shown on; "" for none. */
function terminalWidth(): string {
  const { isTTY, columns } = process.stdout;
  return isTTY ? String(columns) : (process.env["SHOP_TERMINAL"] ?? "");
}

/** Two shops on one data folder would fight over its databases. */
function refuseSecondShop(dataFolder: string): void {
  const other = findShop(dataFolder);
  if (other === undefined) return;
  throw new Error(
    `a shop is already running on ${dataFolder} (process ${other.pid}, http://localhost:${other.ports.gateway}).\n` +
      `  Stop it:               examples/shop/bin/shop stop\n` +
      `  Or use another folder: --data DIR --port 0`,
  );
}
