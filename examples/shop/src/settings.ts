// Where things are: read from the environment, with defaults under which a process also runs on its own.
// The supervisor sets every one of these for its children.

import { resolve } from "node:path";

/** Addresses, folders and times of one running shop. */
export type Settings = {
  /** Folder of the databases, the inbox of the importer, reports and logs. */
  readonly dataFolder: string;
  readonly gatewayPort: number;
  readonly ordersPort: number;
  readonly paymentsPort: number;
  /** Where this process exposes its metrics; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  /** Where traces go (OTLP over HTTP with JSON) when there is no station; undefined: nowhere. */
  readonly tracesUrl: string | undefined;
  /** The station that is sent traces, logs, errors and metrics (OTLP over HTTP); undefined: none. */
  readonly stationUrl: string | undefined;
  /** host:port under which the gateway and the commands reach orders. */
  readonly ordersAddress: string;
  /** host:port under which orders and reconciliation reach payments. */
  readonly paymentsAddress: string;
  /** Folder with cert.pem and key.pem for gRPC, or undefined for plain text. */
  readonly tlsFolder: string | undefined;
  /** How long one day of the shop takes, in milliseconds. */
  readonly dayMs: number;
  /** Start of the shop's first day, Unix milliseconds. */
  readonly openedAtMs: number;
};

/** The only address the shop listens on. */
export const host = "127.0.0.1";

/** All below 32768, where Linux begins to give out ports for outgoing connections. */
export const defaultPorts = {
  gateway: 8080,
  control: 8070,
  orders: 5051,
  payments: 5052,
  "gateway-metrics": 9464,
  "orders-metrics": 9465,
  "payments-metrics": 9466,
  "pipelines-metrics": 9467,
} as const;

export const defaultDayMs = 240_000;

/** The data folder when none is named: `.shop` beside this package's README. */
export const defaultDataFolder: string = resolve(import.meta.dirname, "../.shop");

/** Settings of this process, from `env`. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const ordersPort = Number(env["SHOP_ORDERS_PORT"] ?? defaultPorts.orders);
  const paymentsPort = Number(env["SHOP_PAYMENTS_PORT"] ?? defaultPorts.payments);
  return {
    dataFolder: resolve(env["SHOP_DATA"] ?? defaultDataFolder),
    gatewayPort: Number(env["SHOP_GATEWAY_PORT"] ?? defaultPorts.gateway),
    ordersPort,
    paymentsPort,
    metricsPort: env["SHOP_METRICS_PORT"] ? Number(env["SHOP_METRICS_PORT"]) : undefined,
    tracesUrl: env["SHOP_TRACES_URL"] || undefined,
    stationUrl: env["SHOP_STATION_URL"] || undefined,
    ordersAddress: env["SHOP_ORDERS_ADDRESS"] ?? `${host}:${ordersPort}`,
    paymentsAddress: env["SHOP_PAYMENTS_ADDRESS"] ?? `${host}:${paymentsPort}`,
    tlsFolder: env["SHOP_TLS_FOLDER"] || undefined,
    dayMs: Number(env["SHOP_DAY_MS"] ?? defaultDayMs),
    openedAtMs: Number(env["SHOP_OPENED_AT_MS"] ?? Date.now()),
  };
}
