// The routes that are the station's own: how it is, what it counts, what it takes, and its end.
//
//   GET  /livez /readyz /startupz /healthz   public   the words; details for this machine
//   GET  /metrics                            read
//   POST /api/v1/write                       write    remote write
//   POST /v1/..., /api/v1/otlp/v1/metrics     write    OTLP over HTTP, as on its own port
//   POST /api/v2/spans                       write    Zipkin's spans
//   POST /-/quit                             admin    only where it is allowed

import { healthHandler, type ProbedSource } from "@flx/monitoring/health";
import { metricsHandler, type Registry } from "@flx/monitoring/metrics";
import type { OtlpHttpReceiver } from "../ingest/otlp/http-receiver.ts";
import type { RemoteWriteReceiver } from "../ingest/remote-write/receiver.ts";
import type { ZipkinReceiver } from "../ingest/zipkin/receiver.ts";
import { textAnswer } from "./http/answer.ts";
import { Refusal } from "./http/refusal.ts";
import type { RawRoute, Route } from "./http/route.ts";

/** What the routes need. */
export interface StationRouteParts {
  readonly health: ProbedSource;
  readonly registry: Registry;
  readonly remoteWrite: RemoteWriteReceiver;
  readonly otlp: OtlpHttpReceiver;
  readonly zipkin: ZipkinReceiver;
  /** Ends the station; undefined: it is not allowed. */
  readonly quit: (() => void) | undefined;
}

/** The routes of the station itself. */
export function stationRoutes(parts: StationRouteParts): readonly Route[] {
  const { health, registry, remoteWrite, otlp, zipkin } = parts;
  const probes = healthHandler({ health, trustLoopback: true });
  const scrape = metricsHandler({ registry });
  const taking = (path: string, receiver: Pick<OtlpHttpReceiver, "handle">): RawRoute => ({
    method: "POST",
    path,
    role: "write",
    handle: (request, response) => receiver.handle(request, response),
  });
  return [
    ...["/livez", "/readyz", "/startupz", "/healthz"].flatMap((path): RawRoute[] =>
      [path, `${path}/:name`].map((each) => ({
        method: "GET",
        path: each,
        role: "public",
        handle: probes,
      })),
    ),
    { method: "GET", path: "/metrics", role: "read", handle: scrape },
    taking("/api/v1/write", remoteWrite),
    ...otlp.paths.map((path) => taking(path, otlp)),
    taking("/api/v2/spans", zipkin),
    ...(["POST", "PUT"] as const).map((method): Route => ({
      method,
      path: "/-/quit",
      role: "admin",
      answer: () => {
        if (parts.quit === undefined) {
          throw new Refusal("forbidden", "ending it this way is off: listen.allow_quit");
        }
        setImmediate(parts.quit);
        return textAnswer("The station ends.");
      },
    })),
  ];
}
