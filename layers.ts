// Who may import whom. The one table of the architecture; oxlint.config.ts turns it into lint rules,
// docs/architecture.md draws it, test/layers.test.ts proves that a wrong import fails `npm run check`.
//
//   model <- promql <- station          (a <- b: b imports a)
//   model <- monitoring <- station      the station watches itself with its own SDK
//   model, promql <- console
//
// Inside the station a folder imports only folders to its left:
//
//   base config store ingest query traces rules diagnose alerts notify api page cli
//
// Data flows the same way. What must move right to left goes through an interface that the left folder
// declares (`Appender`, `SpanSink`, `AlertSink`, `Notifier`); station.ts alone passes the implementations in.

/** Each package with the packages it may import. */
export const packageImports: Readonly<Record<string, readonly string[]>> = {
  model: [],
  promql: ["model"],
  monitoring: ["model"],
  station: ["model", "promql", "monitoring"],
  console: ["model", "promql"],
};

/** The packages that do no I/O and read no clock: no `node:` imports, no process, no timers. */
export const purePackages: readonly string[] = ["model", "promql"];

/** The station's folders, in the order data flows; each imports only folders before it. */
export const stationFolders: readonly string[] = [
  "base",
  "config",
  "store",
  "ingest",
  "query",
  "traces",
  "rules",
  "diagnose",
  "alerts",
  "notify",
  "api",
  "page",
  "cli",
];

/** Files of the station that know every part; no folder imports them. */
export const stationRoots: readonly string[] = [
  "station",
  "station-config",
  "station-metrics",
  "start-station",
  "main",
];
