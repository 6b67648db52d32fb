// The exporter that the configuration asks for.

import { accessSync, constants } from "node:fs";
import { FlxError } from "@flx/model/errors";
import {
  DEFAULT_BATCH,
  DEFAULT_RING_BYTES,
  type ExportSettings,
  type OtlpEndpoint,
} from "../export/export-settings.ts";
import type { Signal } from "../export/signal.ts";
import type { Configuration } from "./configuration.ts";
import { spoolOf } from "./spool-of.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const DEFAULT_ADDRESS = {
  "http/protobuf": "http://localhost:4318",
  "http/json": "http://localhost:4318",
  grpc: "http://localhost:4317",
} as const;

/**
 * Where a signal goes; undefined: nowhere.
 *
 * @throws {FlxError} `FLX_CONFIG_VALUE` when a certificate or key cannot be read
 */
export function endpointOf(config: Configuration, signal: Signal): OtlpEndpoint | undefined {
  if (config.get(`otlp.${signal}.exporter`) === "none") return undefined;
  const protocol = config.get(`otlp.${signal}.protocol`);
  const caFile = config.get(`otlp.${signal}.caFile`);
  const certFile = config.get(`otlp.${signal}.certFile`);
  const keyFile = config.get(`otlp.${signal}.keyFile`);
  for (const field of ["caFile", "certFile", "keyFile"] as const) {
    checkReadable(config, `otlp.${signal}.${field}`);
  }
  const hasTls = caFile !== undefined || certFile !== undefined || keyFile !== undefined;
  return {
    url: addressOf(config, signal),
    protocol,
    headers: config.get(`otlp.${signal}.headers`),
    compression: config.get(`otlp.${signal}.compression`),
    timeoutMs: config.get(`otlp.${signal}.timeoutMs`),
    ...(hasTls ? { tls: { caFile, certFile, keyFile } } : {}),
  };
}

/** A file that is not there would be found out by the export worker, when there are records to lose already. */
function checkReadable(
  config: Configuration,
  name: `otlp.${Signal}.${"caFile" | "certFile" | "keyFile"}`,
): void {
  const path = config.get(name);
  if (path === undefined) return;
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    const where = config.placeOf(name) ?? name;
    const { code } = cause as NodeJS.ErrnoException;
    throw new FlxError("FLX_CONFIG_VALUE", `${where} names a file that cannot be read: ${code}`, {
      cause,
    });
  }
}

/** An address for all signals is the base of theirs; one for a signal is taken as it is. */
function addressOf(config: Configuration, signal: Signal): string {
  const protocol = config.get(`otlp.${signal}.protocol`);
  const given = config.get(`otlp.${signal}.endpoint`);
  if (protocol === "grpc") return given ?? DEFAULT_ADDRESS.grpc;
  const place = config.placeOf(`otlp.${signal}.endpoint`);
  const isBase = place === "otlp.endpoint" || place === "OTEL_EXPORTER_OTLP_ENDPOINT";
  if (given !== undefined && !isBase) return given;
  const url = new URL(given ?? DEFAULT_ADDRESS[protocol]);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/${signal}`;
  return url.href;
}

/** What the export worker is started with; undefined when no signal goes anywhere. */
export function exportSettings(
  config: Configuration,
  resource: Readonly<Record<string, unknown>>,
  onProblem: (problem: string) => void,
): ExportSettings | undefined {
  const endpoints = Object.fromEntries(
    SIGNALS.map((signal) => [signal, endpointOf(config, signal)]),
  );
  if (Object.values(endpoints).every((endpoint) => endpoint === undefined)) return undefined;
  const name = resource["service.name"];
  const service = typeof name === "string" ? name : "";
  return {
    endpoints,
    resource,
    resourceSchemaUrl: config.get("resourceSchemaUrl") ?? "",
    batch: {
      ...DEFAULT_BATCH,
      delayMs: config.get("export.delayMs"),
      maxRecords: config.get("export.maxRecords"),
    },
    spool: spoolOf(config, { service, endpoints }, onProblem),
    ringBytes: DEFAULT_RING_BYTES,
    exitTimeoutMs: config.get("export.exitTimeoutMs"),
  };
}
