// @flx/monitoring/grpc: gRPC calls counted, gRPC health asked and answered.

export { GrpcCallError, type CallErrorCode } from "./call-error.ts";
export { grpcHealth, type GrpcHealthOptions, type GrpcHealthTls } from "./grpc-health.ts";
export type { TlsFiles } from "./tls-material.ts";
