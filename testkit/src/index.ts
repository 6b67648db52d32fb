// What tests with real processes share. See the head of each file.

export {
  nginxConfig,
  startClickhouse,
  startDnsmasq,
  startExim,
  startMariadb,
  startMemcached,
  startMosquitto,
  startNats,
  startNginx,
  startPostgres,
  startRabbitmq,
  startRedis,
  type ConfiguredDependencyOptions,
  type DependencyServerOptions,
} from "./dependency-servers.ts";
export { TestAuthority, type CertificateSubject, type IssuedCertificate } from "./certificates.ts";
export { holdDefaultPorts } from "./default-ports.ts";
export { codeBlocks, type CodeBlock } from "./docs.ts";
export { TestkitError, type TestkitErrorCode } from "./errors.ts";
export {
  startOtlpReceiver,
  type OtlpReceiver,
  type ReceivedLog,
  type ReceivedMetric,
  type ReceivedSpan,
} from "./otlp-receiver.ts";
export {
  startAlertmanager,
  startNodeExporter,
  startPrometheus,
  startVictoriaMetrics,
  type ConfiguredServerOptions,
  type PeerServer,
  type PeerServerOptions,
} from "./peer-servers.ts";
export { peer, peerNames, peers, type Peer, type PeerEntry, type PeerName } from "./peers.ts";
export { freePort, freePorts, isPortFree } from "./ports.ts";
export { commandLine, processesInGroup, signalGroup } from "./process-group.ts";
export type { LogLine } from "./process-log.ts";
export {
  startProcess,
  type Exit,
  type ProcessOptions,
  type Ready,
  type RunningProcess,
  type StopResult,
} from "./process.ts";
export {
  frame,
  headerBlock,
  Http2Flag,
  Http2Frame,
  RawHttp2,
  type RawHttp2Options,
  type ReceivedFrame,
} from "./raw-http2.ts";
export {
  encodeRemoteWrite,
  type RemoteHistogram,
  type RemoteSeries,
  remoteWrite,
} from "./remote-write.ts";
export { requirePeer, type Skippable } from "./require-peer.ts";
export {
  runDocument,
  type BlockResult,
  type BlockRule,
  type DocumentNeed,
  type DocumentOptions,
} from "./run-document.ts";
export { seededRandom } from "./seeded-random.ts";
export { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";
export {
  httpGet,
  isListening,
  waitForHttp,
  waitUntil,
  type HttpAnswer,
  type Truthy,
  type WaitOptions,
} from "./wait.ts";
