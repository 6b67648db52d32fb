// @flx/monitoring/grpc: gRPC calls counted, gRPC health asked and answered.

export { addHealthService, type HealthService } from "./add-health-service.ts";
export { GrpcCallError, type CallErrorCode } from "./call-error.ts";
export type { GrpcFamilies } from "./call-metrics.ts";
export type { CallEnd, CallObserver, ObservedCall } from "./call-observer.ts";
export type { CertificateErrorListener } from "./certificate-reload.ts";
export { grpcClientInterceptor } from "./client-interceptor.ts";
export { grpcHealth, type GrpcHealthOptions, type GrpcHealthTls } from "./grpc-health.ts";
export type { HealthServiceOptions } from "./health-answers.ts";
export {
  type GrpcHealthServer,
  type GrpcHealthServerOptions,
  type ServerTls,
  startGrpcHealthServer,
} from "./health-server.ts";
export {
  type ReloadOptions,
  secureChannelCredentials,
  type SecureChannelOptions,
  secureServerCredentials,
  type SecureServerOptions,
} from "./secure-credentials.ts";
export { grpcServerInterceptor } from "./server-interceptor.ts";
export type { TlsFiles } from "./tls-material.ts";
