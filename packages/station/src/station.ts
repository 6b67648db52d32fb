// The station: builds every part, wires them, starts them in order and stops them in reverse. The only file that knows all.
//
//        senders                                        targets
//    OTLP │ remote write                                   ▲
//         ▼                                                │
//     receivers ◄── admission ◄── memory governor    scrape manager     self scraper
//         ├── spans: traces ──► counted                    │                 │
//         └───────────────────► store ◄────────────────────┴─────────────────┘
//                                 │
//                                 ├── query runner ──┐
//                                 └── series ────────┴── Prometheus' API, 3590
//
// Order of start: lock, store, receivers, API, scraping. So a station that answers has everything it answers from, and one
// that cannot listen has scraped nobody. The stop goes the other way: nothing new comes in, what is under way is answered,
// then the store makes everything durable and closes.

import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { FlxError, formatDuration } from "@flx/model";
import { collectHealthMetrics, HealthChecker } from "@flx/monitoring/health";
import { type Counter, Registry } from "@flx/monitoring/metrics";
import { collectSystemMetrics } from "@flx/monitoring/system-metrics";
import { PromqlEngine } from "@flx/promql";
import { busiestRoute } from "./api/busiest-route.ts";
import { accessGate } from "./api/http/access-gate.ts";
import { doorMetrics, httpMetrics } from "./api/http/http-metrics.ts";
import { type AnsweredRequest, HttpServer } from "./api/http/http-server.ts";
import type { Route } from "./api/http/route.ts";
import { federateRoute } from "./api/prometheus/federate-route.ts";
import { queryRoutes } from "./api/prometheus/query-routes.ts";
import { readRoute } from "./api/prometheus/read-route.ts";
import { scrapeTargets } from "./api/prometheus/scrape-targets.ts";
import { seriesRoutes } from "./api/prometheus/series-routes.ts";
import { statusRoutes } from "./api/prometheus/status-routes.ts";
import { targetRoutes } from "./api/prometheus/target-routes.ts";
import { registerStationChecks, tellTransitions } from "./api/station-health.ts";
import { stationRoutes } from "./api/station-routes.ts";
import { AccessControl } from "./base/access/access-control.ts";
import type { DoorRule } from "./base/access/door-rule.ts";
import { AuditLog } from "./base/audit-log.ts";
import { type Clock, machineClock } from "./base/clock.ts";
import { Lifecycle, type PartEnd } from "./base/lifecycle.ts";
import type { StationLog } from "./base/station-log.ts";
import { serverOptions, TlsFiles, type TlsMaterial } from "./base/tls-files.ts";
import { accessRules } from "./config/access.ts";
import { explainedYaml } from "./config/explained-yaml.ts";
import { ForwardedStore, type Forwarding } from "./ingest/remote-write/forwarded-store.ts";
import { RemoteWriteMetrics } from "./store/remote/remote-write-metrics.ts";
import type { LoadedConfig } from "./config/load-config.ts";
import { type Reloadable, Reloader } from "./config/reload.ts";
import type { Address } from "./config/scalars.ts";
import { Admission } from "./ingest/admission.ts";
import { IngestMetrics } from "./ingest/ingest-metrics.ts";
import { defaultMemoryCap, MemoryGovernor } from "./ingest/memory-governor.ts";
import {
  type ExportHandler,
  metricsHandler,
  type RecordObserver,
  recordsHandler,
} from "./ingest/otlp/export-handler.ts";
import { OtlpGrpcReceiver } from "./ingest/otlp/grpc-receiver.ts";
import { OtlpHttpReceiver, type OtlpReceiverParts } from "./ingest/otlp/http-receiver.ts";
import { ZipkinReceiver } from "./ingest/zipkin/receiver.ts";
import { RemoteWriteReceiver } from "./ingest/remote-write/receiver.ts";
import { scrapeJobs, SELF_JOB } from "./ingest/scrape/scrape-config.ts";
import { type ScrapeJob, ScrapeManager } from "./ingest/scrape/scrape-manager.ts";
import { selfScraper } from "./ingest/scrape/self-scraper.ts";
import type { TargetScraper } from "./ingest/scrape/target-scraper.ts";
import type { QueryEngine } from "./query/query-engine.ts";
import { ActiveQueries } from "./query/active-queries.ts";
import { Gate } from "./query/gate.ts";
import { queryMetrics } from "./query/query-metrics.ts";
import { QueryRunner } from "./query/query-runner.ts";
import { readRuleFiles } from "./rules/rule-files.ts";
import type { StationConfig } from "./station-config.ts";
import { stationMetrics } from "./station-metrics.ts";
import { backupRoutes } from "./api/backups/backup-routes.ts";
import { errorRoutes } from "./api/errors/error-routes.ts";
import { jaegerRoutes } from "./api/jaeger/jaeger-routes.ts";
import { logRoutes } from "./api/logs/log-routes.ts";
import { graphRoute } from "./api/traces/graph-route.ts";
import { traceRoutes } from "./api/traces/trace-routes.ts";
import { TraceMetrics } from "./traces/trace-metrics.ts";
import { Archive } from "./store/archive/archive.ts";
import { archivePlace } from "./store/archive/archive-config.ts";
import { Backups } from "./store/backup/backups.ts";
import { tidyDataFolder } from "./store/backup/restore-backup.ts";
import { openRecordStores, type RecordStores } from "./store/open-record-stores.ts";
import { pageRoutes } from "./page/page-routes.ts";
import { findExceptions } from "./diagnose/find-exceptions.ts";
import { FolderLock } from "./store/log/folder-lock.ts";
import type { MetricStore } from "./store/metric-store.ts";
import { retentionPolicies } from "./store/store-config.ts";
import type { RetentionPolicy } from "./store/windows/retention-policies.ts";

/** What a store is opened with. */
export interface StoreSettings {
  /** The data folder. */
  readonly folder: string;
  readonly retentionMs: number;
  readonly retentionPolicies: readonly RetentionPolicy[];
  readonly hasRollups: boolean;
  /** Of closed windows; 0: no limit. */
  readonly retentionBytes: number;
  /** Where closed windows are copied to. */
  readonly archive: Archive | undefined;
  readonly maxSeries: number;
  readonly maxSeriesPerSource: number;
  readonly maxLabels: number;
  readonly maxExemplars: number;
  /** How much older than the newest sample one may be. */
  readonly lateMs: number;
  /** What the whole process may have of memory. */
  readonly memoryBytes: number;
  readonly registry: Registry;
  readonly log: StationLog;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A store, and how its settings change while it runs. */
export interface OpenedStore {
  readonly store: MetricStore;
  /** Evaluates queries, when the store has them evaluated elsewhere; else our own does. */
  readonly engine?: QueryEngine;
  /** Brings retention and limits of series into force; must not throw. */
  reconfigure(this: void, settings: StoreSettings): void;
  /** Gives all that was acknowledged a second name in a folder, for a backup. Undefined: it is kept elsewhere. */
  readonly freeze?: ((this: void, folder: string) => Promise<void>) | undefined;
}

/** Opens the store of a station. */
export type StoreOpener = (settings: StoreSettings) => Promise<OpenedStore>;

/** How a station is started. */
export interface StationOptions {
  readonly config: LoadedConfig<StationConfig>;
  /** Reads the configuration anew, for a reload. */
  readonly reread: () => Promise<LoadedConfig<StationConfig>>;
  /** The data folder. */
  readonly folder: string;
  readonly openStore: StoreOpener;
  readonly log: StationLog;
  readonly version: string;
  /** Default: the clocks of the machine. */
  readonly clock?: Clock;
  /** Called when somebody ends the station over HTTP. */
  readonly onQuit?: () => void;
}

/** Where a station answers. */
export interface StationUrls {
  readonly http: string;
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
}

interface BuiltStation extends Pick<Station, "urls" | "rules"> {
  readonly reload: () => Promise<void>;
}

/** The certificate of the doors, and which doors get a renewed one. */
interface RunningTls {
  readonly files: TlsFiles;
  readonly material: TlsMaterial;
  renew(doors: readonly TlsDoor[]): void;
}

interface TlsDoor {
  reloadTls(tls: TlsMaterial): void;
}

/** How often the station watches itself. */
const SELF_INTERVAL_MS = 15_000;

/** How long requests under way may take when the station ends. */
const GRACE_MS = 5_000;

/** Beyond it a store that does not close in order is left to its log. */
const STORE_CLOSE_MS = 60_000;

/** A station that runs. */
export class Station implements AsyncDisposable {
  readonly urls: StationUrls;
  /** Every way in, of all doors. */
  readonly rules: readonly DoorRule[];
  readonly memoryCap: number;
  readonly #lifecycle: Lifecycle;
  readonly #reload: () => Promise<void>;

  private constructor(built: BuiltStation, { memoryCap, lifecycle }: Building) {
    this.urls = built.urls;
    this.rules = built.rules;
    this.memoryCap = memoryCap;
    this.#lifecycle = lifecycle;
    this.#reload = built.reload;
  }

  /**
   * Starts a station; when it resolves, everything answers.
   *
   * @throws {FlxError} `FLX_STATION_EXPOSED`, `FLX_STATION_LISTEN`, `FLX_STORE_LOCKED`, `FLX_STORE_DISK`; what
   *   the store or the rule files throw. Nothing of it runs then
   */
  static async start(options: StationOptions): Promise<Station> {
    checkExposure(options.config.value);
    await readRuleFiles(options.config.value.rule_files);
    const building = new Building(options);
    return new Station(await building.start(), building);
  }

  /**
   * Reads the configuration anew and brings it into force, all or nothing.
   *
   * @throws {FlxError} `FLX_CONFIG` and others of reading it; `FLX_CONFIG_FIXED` when it changes what cannot change now
   */
  reload(): Promise<void> {
    return this.#reload();
  }

  /** Stops everything, the store last; how each part ended. Never rejects. */
  stop(): Promise<readonly PartEnd[]> {
    return this.#lifecycle.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** @throws {FlxError} `FLX_STATION_EXPOSED` */
function checkExposure({ listen, access }: StationConfig): void {
  const isGuarded = access.users.length > 0 || access.proxy !== undefined;
  if (isGuarded || listen.allow_without_access_control || access.anonymous !== undefined) return;
  for (const address of addressesOf(listen)) {
    if (isLoopback(address.host)) continue;
    throw new FlxError(
      "FLX_STATION_EXPOSED",
      `${shown(address)} can be reached by others, and nobody is known who may use it: give users in the section access, ` +
        "or allow it to everybody with listen.allow_without_access_control (--allow-without-access-control)",
    );
  }
}

function addressesOf({ http, otlp_grpc, otlp_http }: StationConfig["listen"]): readonly Address[] {
  return [http, otlp_grpc, otlp_http];
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function shown({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function forwardingOf({ remote_write: remotes, global }: StationConfig): Forwarding {
  return { remotes, externalLabels: global.external_labels };
}

/** A station while it is being started: its parts, one after the other. */
class Building {
  readonly lifecycle: Lifecycle;
  readonly memoryCap: number;
  readonly #options: StationOptions;
  readonly #clock: Clock;
  readonly #registry = new Registry();
  readonly #admission: Admission;
  readonly #metrics: IngestMetrics;
  readonly #access: AccessControl;
  readonly #audit: AuditLog;
  readonly #refusedConnections: Counter<"door" | "limit">;
  #config: LoadedConfig<StationConfig>;
  #archive: Archive | undefined;
  #reloadState: { readonly isGood: boolean; readonly atMs: number };

  constructor(options: StationOptions) {
    const { config, clock = machineClock, log } = options;
    this.#options = options;
    this.#clock = clock;
    this.#config = config;
    this.lifecycle = new Lifecycle(log, clock);
    this.memoryCap = config.value.memory ?? defaultMemoryCap();
    this.#admission = new Admission(this.#inFlight(config.value));
    this.#metrics = new IngestMetrics(this.#registry);
    this.#audit = new AuditLog(log, clock.elapsed);
    const { refusals, connections } = doorMetrics(this.#registry);
    this.#refusedConnections = connections;
    this.#access = new AccessControl(this.#rules(config.value), {
      now: clock.elapsed,
      requestsPerSecond: config.value.limits.requests_per_second,
      onRefusal: (refused) => {
        refusals.inc({ kind: refused.kind });
        this.#audit.refused(refused);
      },
    });
    this.#reloadState = { isGood: true, atMs: clock.now() };
  }

  /** More than an eighth of the memory cap is not let in at once, whatever the limit says: it takes more when it is read. */
  #inFlight({ limits }: StationConfig): number {
    return Math.min(limits.in_flight, Math.floor(this.memoryCap / 8));
  }

  #rules({ access, listen }: StationConfig) {
    // One set of rules for all doors: the one that others can reach decides.
    const rules = accessRules(
      access,
      addressesOf(listen).every(({ host }) => isLoopback(host)),
    );
    if (!listen.allow_without_access_control || access.anonymous !== undefined) return rules;
    const isGuarded = access.users.length > 0 || access.proxy !== undefined;
    return isGuarded ? rules : accessRules(access, true);
  }

  async start(): Promise<BuiltStation> {
    const { folder, log } = this.#options;
    const { value } = this.#config;
    await this.lifecycle.start({
      name: "data folder",
      open: async () => {
        const lock = await FolderLock.take(folder);
        await tidyDataFolder(folder).catch(async (error: unknown) => {
          await lock[Symbol.asyncDispose]();
          throw error;
        });
        return lock;
      },
      close: (lock) => lock[Symbol.asyncDispose](),
    });
    this.#archive = await this.#startArchive(value);
    // Its thread and its database open while the store reads its log.
    const opening = this.#openRecords(value);
    opening.catch(() => undefined);
    const opened = await this.lifecycle.start({
      name: "store",
      open: async () => {
        try {
          return await this.#options.openStore(this.#storeSettings(value));
        } catch (error) {
          await opening.then(
            (stores) => stores[Symbol.asyncDispose](),
            () => undefined,
          );
          throw error;
        }
      },
      close: ({ store }) => store[Symbol.asyncDispose](),
      closeWithinMs: STORE_CLOSE_MS,
    });
    const records = await this.lifecycle.start({
      name: "records",
      open: () => opening,
      close: (stores) => stores[Symbol.asyncDispose](),
      closeWithinMs: STORE_CLOSE_MS,
    });
    const store = await this.#startForwarding(opened.store);
    const backups = await this.#startBackups(opened, records);
    const governor = await this.lifecycle.start({
      name: "memory governor",
      open: () => this.#governor(),
      close: (part) => part[Symbol.dispose](),
    });
    const health = await this.#startHealth();
    const tls = await this.#startTls(value);
    const otlp = await this.#startReceivers(store, records, tls?.material);
    const manager = new ScrapeManager({
      sink: store,
      metrics: this.#metrics,
      now: this.#clock.now,
      onDiscoveryFailure: (job, error) =>
        log.warn({ job, err: error }, "targets cannot be found; those that are known go on"),
    });
    const beside: TargetScraper[] = [];
    const reload = this.#reloading(opened, store, manager, tls?.files);
    // Remote reads and queries together: both hold what they have read.
    const gate = new Gate(value.query.max_concurrency, value.query.max_waiting);
    const runner = this.#queryRunner(opened, gate);
    const targets = scrapeTargets(manager, beside);
    const routes: readonly Route[] = [
      ...queryRoutes({ runner, now: this.#clock.now }),
      ...seriesRoutes(store),
      busiestRoute({ queryable: store, gate: new Gate(2, 20), now: this.#clock.now }),
      readRoute({
        queryable: store,
        gate,
        maxSamples: value.query.max_samples,
        timeoutMs: value.query.timeout,
        externalLabels: () => this.#config.value.global.external_labels,
      }),
      federateRoute({
        queryable: store,
        now: this.#clock.now,
        lookbackMs: value.query.lookback_delta,
        externalLabels: () => this.#config.value.global.external_labels,
      }),
      ...targetRoutes(targets),
      ...traceRoutes(records.spans, this.#clock.now),
      graphRoute({ runner, spans: records.spans }, this.#clock.now),
      ...logRoutes(records.logs, this.#clock.now),
      ...errorRoutes(records.errors),
      ...jaegerRoutes(records.spans, this.#clock.now),
      ...backupRoutes(backups),
      ...pageRoutes({
        spans: records.spans,
        logs: records.logs,
        errors: records.errors,
        targets,
        metrics: store,
        runner,
        now: this.#clock.now,
        version: this.#options.version,
      }),
      ...this.#statusRoutes(store, reload),
      ...stationRoutes({
        health,
        registry: this.#registry,
        remoteWrite: new RemoteWriteReceiver(
          { maxBodyBytes: value.limits.body_size },
          { sink: store, metrics: this.#metrics, admission: this.#admission },
        ),
        otlp: otlp.http,
        zipkin: new ZipkinReceiver({
          maxBodyBytes: value.limits.body_size,
          traces: otlp.traces,
          metrics: this.#metrics,
          admission: this.#admission,
          now: this.#clock.now,
        }),
        quit: value.listen.allow_quit ? this.#options.onQuit : undefined,
      }),
    ];
    const api = await this.#startApi(routes, tls?.material);
    tls?.renew([api, otlp.http, otlp.grpc]);
    const ports = { api: () => api.port, grpc: () => otlp.grpc.port, http: () => otlp.http.port };
    const self = selfScraper({
      job: SELF_JOB,
      instance: shown({ host: value.listen.http.host, port: api.port }),
      registry: this.#registry,
      sink: store,
      metrics: this.#metrics,
      now: this.#clock.now,
      intervalMs: SELF_INTERVAL_MS,
    });
    beside.push(self);
    registerStationChecks(health, {
      store,
      records,
      archive: this.#archive,
      remoteWrite: store,
      folder,
      governor,
      ports: () => ({
        api: ports.api(),
        "otlp-grpc": ports.grpc(),
        "otlp-http": ports.http(),
      }),
    });
    stationMetrics({
      registry: this.#registry,
      version: this.#options.version,
      now: this.#clock.now,
      governor,
      admission: this.#admission,
      store,
      reloadState: () => this.#reloadState,
    });
    await this.lifecycle.start({
      name: "health log",
      open: () => tellTransitions(health, log),
      close: (end) => end(),
    });
    health.start();
    await health.check();
    await this.lifecycle.start({
      name: "scraping",
      open: async () => {
        await manager.apply(this.#jobs(value));
        // The first look is at once: a station that was just started can be asked about itself.
        await self.scrape();
        self.start();
      },
      // Not made stale: the targets are there, and the next start goes on with their series.
      close: async () => {
        await Promise.all([manager.halt(), self.halt()]);
      },
      closeWithinMs: 15_000,
    });
    const scheme = tls === undefined ? "http" : "https";
    const url = ({ host }: Address, port: number): string =>
      `${scheme}://${shown({ host: host === "::" || host === "0.0.0.0" ? "127.0.0.1" : host, port })}`;
    const urls = {
      http: url(value.listen.http, api.port),
      otlpHttp: url(value.listen.otlp_http, otlp.http.port),
      otlpGrpc: url(value.listen.otlp_grpc, otlp.grpc.port),
    };
    log.info({ ...urls, data: folder, memoryCap: this.memoryCap }, "the station is up");
    return { urls, rules: doorRules(routes, otlp), reload: () => this.#reloadBySignal(reload) };
  }

  async #reloadBySignal(reload: () => Promise<void>): Promise<void> {
    const change = { what: "reload", by: "a signal", from: "this machine" };
    try {
      await reload();
      this.#audit.change({ ...change, status: 200 });
    } catch (error) {
      this.#audit.change({ ...change, status: 500 });
      throw error;
    }
  }

  #storeSettings({ store, storage, limits }: StationConfig): StoreSettings {
    return {
      folder: this.#options.folder,
      retentionMs: store.retention,
      retentionPolicies: retentionPolicies(store),
      retentionBytes: store.retention_size,
      hasRollups: store.rollups,
      archive: this.#archive,
      maxSeries: limits.series,
      maxSeriesPerSource: limits.series_per_source,
      maxLabels: limits.labels_per_series,
      maxExemplars: storage.exemplars.max_exemplars,
      lateMs: storage.tsdb.out_of_order_time_window,
      memoryBytes: this.memoryCap,
      registry: this.#registry,
      log: this.#options.log,
      now: this.#clock.now,
    };
  }

  #governor(): MemoryGovernor {
    const { log } = this.#options;
    return new MemoryGovernor({
      cap: this.memoryCap,
      admission: this.#admission,
      elapsed: this.#clock.elapsed,
      onChange: (shed, resident) => {
        const fields = { resident, cap: this.memoryCap };
        const names = [...shed].join(", ");
        if (shed.size > 0) log.warn(fields, `near the memory cap: refused for now are ${names}`);
        else log.info(fields, "below the memory cap again: data is taken");
      },
    });
  }

  async #startHealth(): Promise<HealthChecker> {
    return await this.lifecycle
      .start({
        name: "health",
        open: () => {
          const checker = new HealthChecker();
          collectHealthMetrics(checker, { registry: this.#registry });
          const system = collectSystemMetrics({ registry: this.#registry });
          return { checker, system };
        },
        close: async ({ checker, system }) => {
          system.close();
          await checker.stop();
        },
      })
      .then(({ checker }) => checker);
  }

  /** The certificate of all doors; the same path may hold a renewed one while they are open. */
  async #startTls({ tls }: StationConfig): Promise<RunningTls | undefined> {
    if (tls === undefined) return undefined;
    const { log } = this.#options;
    let doors: readonly TlsDoor[] = [];
    let renewed: TlsMaterial | undefined;
    const opened = await this.lifecycle.start({
      name: "certificate",
      open: () =>
        TlsFiles.open(tls, {
          onChange: (material) => {
            renewed = material;
            for (const door of doors) door.reloadTls(material);
            log.info({ file: tls.cert }, "a renewed certificate is shown to new connections");
          },
          onFailure: (error) =>
            log.error({ err: error }, "the renewed certificate cannot be used; the old one stays"),
        }),
      close: ({ files }) => files[Symbol.dispose](),
    });
    return {
      ...opened,
      renew: (open) => {
        doors = open;
        // Renewed while the doors were being opened.
        if (renewed !== undefined) for (const door of doors) door.reloadTls(renewed);
      },
    };
  }

  #openRecords({ store }: StationConfig): Promise<RecordStores> {
    const { folder, log } = this.#options;
    return openRecordStores({
      path: join(folder, "records"),
      retentionMs: store.retention,
      maxBytes: store.retention_size,
      archive: this.#archive,
      memoryBytes: Math.floor(this.memoryCap / 4),
      now: this.#clock.now,
      onFault: (fault) => log.warn({ fault }, "the store of spans, logs and errors has trouble"),
    });
  }

  async #startArchive({ store }: StationConfig): Promise<Archive | undefined> {
    const { archive: config } = store;
    if (config === undefined) return undefined;
    return await this.lifecycle.start({
      name: "archive",
      open: () =>
        Archive.open({
          place: archivePlace(config),
          data: this.#options.folder,
          cacheBytes: config.cache,
          retentionMs: config.retention,
          now: this.#clock.now,
          onProblem: (error) => this.#options.log.warn({ err: error }, "the archive has trouble"),
        }),
      close: (archive) => archive[Symbol.asyncDispose](),
      closeWithinMs: STORE_CLOSE_MS,
    });
  }

  /** The store with what sends on beside it: `remote_write`. */
  async #startForwarding(store: MetricStore): Promise<ForwardedStore> {
    const { folder, log } = this.#options;
    return await this.lifecycle.start({
      name: "remote write",
      open: () =>
        ForwardedStore.open(store, forwardingOf(this.#config.value), {
          folder: join(folder, "remote-write"),
          metrics: RemoteWriteMetrics.of(this.#registry),
          now: this.#clock.now,
          onProblem: (error) =>
            log.warn({ err: error }, "samples cannot be sent on as they should"),
        }),
      close: (forwarded) => forwarded[Symbol.asyncDispose](),
    });
  }

  async #startBackups(opened: OpenedStore, records: RecordStores): Promise<Backups> {
    const { folder, version } = this.#options;
    const freeze = [
      ...(opened.freeze === undefined ? [] : [opened.freeze]),
      (staging: string) => records.freeze(join(staging, "records")),
    ];
    const source = { folder, version, freeze, now: this.#clock.now };
    const place = this.#config.value.store.backups ?? join(folder, "backups");
    return await this.lifecycle.start({
      name: "backups",
      open: () => new Backups(place, source),
      close: (backups) => backups[Symbol.asyncDispose](),
      closeWithinMs: STORE_CLOSE_MS,
    });
  }

  async #startReceivers(
    store: MetricStore,
    records: RecordStores,
    tls: TlsMaterial | undefined,
  ): Promise<{ grpc: OtlpGrpcReceiver; http: OtlpHttpReceiver; traces: ExportHandler }> {
    const { listen, limits, otlp } = this.#config.value;
    // Before the request is kept: one that comes again, because keeping it failed, finds its errors counted already.
    const observe: RecordObserver = async (signal, request) => {
      const found = findExceptions(signal, request, this.#clock.now());
      if (found.length > 0) await records.errors.record(found);
    };
    const counted = await this.#startTraces(store, records);
    const traces = recordsHandler("traces", counted, this.#metrics, observe);
    const parts: OtlpReceiverParts = {
      handlers: {
        metrics: metricsHandler(store, this.#metrics, {
          ...otlp,
          maxLabels: limits.labels_per_series,
        }),
        traces,
        logs: recordsHandler("logs", records, this.#metrics, observe),
      },
      metrics: this.#metrics,
      admission: this.#admission,
      access: this.#access,
    };
    const bounds = (door: string) => ({
      ...this.#doorBounds(door),
      ...(tls !== undefined && { tls }),
    });
    const grpc = await this.#listening("otlp-grpc", listen.otlp_grpc, () => {
      const settings = {
        ...listen.otlp_grpc,
        ...bounds("otlp-grpc"),
        maxMessageBytes: limits.body_size,
      };
      return new OtlpGrpcReceiver(settings, parts);
    });
    const http = await this.#listening("otlp-http", listen.otlp_http, () => {
      const settings = {
        ...listen.otlp_http,
        ...bounds("otlp-http"),
        maxBodyBytes: limits.body_size,
      };
      return new OtlpHttpReceiver(settings, parts);
    });
    return { grpc, http, traces };
  }

  /** Between receivers and stores: what it has counted is written when nothing comes in any more. */
  #startTraces(sink: MetricStore, records: RecordStores): Promise<TraceMetrics> {
    const { log } = this.#options;
    return this.lifecycle.start({
      name: "traces",
      open: () => {
        const traces = new TraceMetrics({
          config: this.#config.value.traces,
          records,
          sink,
          clock: this.#clock,
          registry: this.#registry,
          onFault: (error) => log.warn({ err: error }, "series of spans were not written"),
        });
        traces.start();
        return traces;
      },
      close: (traces) => traces[Symbol.asyncDispose](),
    });
  }

  #doorBounds(door: string) {
    const { limits } = this.#config.value;
    return {
      limits: {
        connections: limits.connections,
        connectionsPerAddress: limits.connections_per_address,
        headersMs: limits.header_timeout,
        bodyMs: limits.body_timeout,
        idleMs: limits.idle_timeout,
      },
      onRefusedConnection: (limit: string) => this.#refusedConnections.inc({ door, limit }),
    };
  }

  #listening<T extends AsyncDisposable & { start(): Promise<void> }>(
    name: string,
    address: Address,
    make: () => T,
  ): Promise<T> {
    return this.lifecycle.start({
      name,
      open: async () => {
        const receiver = make();
        await receiver.start().catch((error: unknown) => {
          throw cannotListen(name, address, error);
        });
        return receiver;
      },
      close: (receiver) => receiver[Symbol.asyncDispose](),
      closeWithinMs: GRACE_MS + 1_000,
    });
  }

  #queryRunner({ store, engine }: OpenedStore, gate: Gate): QueryRunner {
    const { query } = this.#config.value;
    const active = new ActiveQueries(join(this.#options.folder, "queries.active"));
    for (const interrupted of active.interrupted) {
      this.#options.log.warn(
        { query: interrupted },
        "ran when the station ended without saying so",
      );
    }
    return new QueryRunner({
      engine:
        engine ??
        new PromqlEngine({
          queryable: store,
          now: this.#clock.elapsed,
          pause: () => new Promise<void>((resolve) => void setImmediate(resolve)),
          lookbackMs: query.lookback_delta,
          limits: {
            maxSamples: query.max_samples,
            maxBytes: Math.floor(this.memoryCap / 4),
            timeoutMs: query.timeout,
          },
        }),
      gate,
      active,
      now: this.#clock.now,
      timeoutMs: query.timeout,
      observer: queryMetrics(this.#registry, gate),
    });
  }

  #statusRoutes(store: MetricStore, reload: () => Promise<void>): readonly Route[] {
    const { version, folder } = this.#options;
    return statusRoutes({
      source: store,
      version,
      startedMs: this.#clock.now(),
      configYaml: () => explainedYaml(this.#config.explained),
      flags: {
        "storage.tsdb.path": folder,
        "web.listen-address": shown(this.#config.value.listen.http),
      },
      reloadState: () => this.#reloadState,
      reload,
      isReady: () => store.condition.state !== "starting",
      retention: formatDuration(this.#config.value.store.retention),
    });
  }

  async #startApi(routes: readonly Route[], tls: TlsMaterial | undefined): Promise<HttpServer> {
    const { listen } = this.#config.value;
    return await this.lifecycle.start({
      name: "api",
      open: () =>
        HttpServer.start({
          ...listen.http,
          routes,
          gate: accessGate(this.#access),
          ...this.#doorBounds("http"),
          tls: tls === undefined ? undefined : serverOptions(tls, true),
          onAnswer: this.#onAnswer(),
          onError: (error, { url }) =>
            this.#options.log.error({ err: error, url }, "a request failed inside"),
        }).catch((error: unknown) => {
          throw cannotListen("http", listen.http, error);
        }),
      close: (server) => server.close(GRACE_MS),
      closeWithinMs: GRACE_MS + 1_000,
    });
  }

  /** Counts each answered request, and writes down who changed what. */
  #onAnswer(): (request: AnsweredRequest) => void {
    const count = httpMetrics(this.#registry);
    return (request) => {
      count(request);
      const { method, path, identity, remoteAddress: from, status, isChange } = request;
      if (!isChange || identity === undefined) return;
      this.#audit.change({ what: `${method} ${path}`, by: identity.name, from, status });
    };
  }

  #jobs({ global, scrape_configs: configs }: StationConfig): readonly ScrapeJob[] {
    return scrapeJobs(global, configs);
  }

  /** What a reload does: every part that can change, or none. */
  #reloading(
    opened: OpenedStore,
    forwarded: ForwardedStore,
    manager: ScrapeManager,
    tls: TlsFiles | undefined,
  ): () => Promise<void> {
    const { log, reread } = this.#options;
    const parts: readonly Reloadable<LoadedConfig<StationConfig>>[] = [
      { prepare: ({ value }) => this.#prepareFixed(value) },
      {
        prepare: async ({ value }) => {
          await readRuleFiles(value.rule_files);
          return { commit: () => undefined };
        },
      },
      {
        prepare: ({ value }) => ({
          commit: () => {
            this.#admission.limitTo(this.#inFlight(value));
            this.#access.replace(this.#rules(value));
            this.#access.limitRequests(value.limits.requests_per_second);
            opened.reconfigure(this.#storeSettings(value));
          },
        }),
      },
      { prepare: ({ value }) => forwarded.prepare(forwardingOf(value)) },
      { prepare: ({ value }) => ({ commit: () => manager.apply(this.#jobs(value)) }) },
      {
        prepare: (config) => ({
          commit: () => {
            this.#config = config;
          },
        }),
      },
    ];
    const reloader = new Reloader(parts);
    return async () => {
      try {
        const { warnings } = await reloader.reload(reread);
        // Who renewed a certificate and asks for a reload does not wait for the next look at the files.
        await tls?.check();
        this.#reloadState = { isGood: true, atMs: this.#clock.now() };
        log.info({ warnings: warnings.length }, "the configuration was read anew and is in force");
      } catch (error) {
        this.#reloadState = { ...this.#reloadState, isGood: false };
        log.error(
          { err: error },
          "the configuration cannot be used; the one before stays in force",
        );
        throw error;
      }
    };
  }

  /** @throws {FlxError} `FLX_CONFIG_FIXED` */
  #prepareFixed(value: StationConfig) {
    checkExposure(value);
    const { value: before } = this.#config;
    const fixed = (config: StationConfig) => ({
      listen: config.listen,
      tls: config.tls,
      otlp: config.otlp,
      query: config.query,
      traces: config.traces,
      memory: config.memory,
      log: config.log,
      "store.path": config.store.path,
      "store.metrics": config.store.metrics,
      "store.retention_size": config.store.retention_size,
      "store.rollups": config.store.rollups,
      "store.backups": config.store.backups,
      "store.archive": config.store.archive,
      "storage.exemplars": config.storage.exemplars,
      "limits.body_size": config.limits.body_size,
      "limits.labels_per_series": config.limits.labels_per_series,
      "limits.connections": config.limits.connections,
      "limits.connections_per_address": config.limits.connections_per_address,
      "limits.header_timeout": config.limits.header_timeout,
      "limits.body_timeout": config.limits.body_timeout,
      "limits.idle_timeout": config.limits.idle_timeout,
    });
    const [old, next] = [fixed(before), fixed(value)];
    const changed = Object.keys(old).filter(
      (key) => !isDeepStrictEqual(old[key as keyof typeof old], next[key as keyof typeof next]),
    );
    if (changed.length > 0) {
      throw new FlxError(
        "FLX_CONFIG_FIXED",
        `cannot change while the station runs: ${changed.join(", ")}; start it anew`,
      );
    }
    return { commit: () => undefined };
  }
}

function doorRules(
  routes: readonly Route[],
  otlp: { readonly http: OtlpHttpReceiver; readonly grpc: OtlpGrpcReceiver },
): readonly DoorRule[] {
  const sent = (door: DoorRule["door"]) => (path: string) =>
    ({ door, method: "POST", path, role: "write" }) as const;
  return [
    ...routes.map(({ method, path, role }) => ({ door: "http", method, path, role }) as const),
    ...otlp.http.paths.map(sent("otlpHttp")),
    ...otlp.grpc.paths.map(sent("otlpGrpc")),
  ];
}

/** The option of the command line for each listener. */
const OPTIONS: Readonly<Record<string, string>> = {
  http: "--listen",
  "otlp-grpc": "--otlp-grpc",
  "otlp-http": "--otlp-http",
};

function cannotListen(name: string, address: Address, error: unknown): FlxError {
  const failure = error as Error & { readonly cause?: unknown };
  const { code = "" } = (failure.cause ?? failure) as NodeJS.ErrnoException;
  const where = shown(address);
  const option = OPTIONS[name] ?? "";
  const message =
    code === "EADDRINUSE"
      ? `port ${address.port} is taken: ${name} cannot listen on ${where}. Who has it: ss -ltnp 'sport = :${address.port}'. ` +
        `Another one: ${option} ${address.host}:PORT`
      : code === "EACCES"
        ? `${name} may not listen on ${where}: ports below 1024 need a privilege. Another one: ${option} ${address.host}:PORT`
        : `${name} cannot listen on ${where}: it is no address of this machine (${code}). Another one: ${option} HOST:PORT`;
  return new FlxError("FLX_STATION_LISTEN", message, { cause: error });
}
