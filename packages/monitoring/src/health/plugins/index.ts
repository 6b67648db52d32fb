// @flx/monitoring/health/plugins: checks for what a service depends on. See docs/reference/health-plugins.md.

export type { HealthCheck } from "../health-check.ts";
export { CheckError, type CheckErrorCode } from "./check-error.ts";
export { clickhouse, type ClickhouseOptions } from "./clickhouse.ts";
export { dns, type DnsOptions, type DnsRecordType } from "./dns.ts";
export { elasticsearch, type ElasticsearchOptions, opensearch } from "./elasticsearch.ts";
export type { EndpointOptions, LoginOptions, Secret, TlsOption } from "./endpoint.ts";
export { fileAge, type FileAgeOptions } from "./file-age.ts";
export {
  grpcHealth as grpc,
  type GrpcHealthOptions as GrpcOptions,
} from "../../grpc/grpc-health.ts";
export { http, type HttpOptions, type HttpServerOptions } from "./http.ts";
export { kafka, type KafkaClient, type KafkaOptions } from "./kafka.ts";
export { memcached, type MemcachedOptions } from "./memcached.ts";
export { mongodb, type MongodbClient, type MongodbOptions } from "./mongodb.ts";
export { mqtt, type MqttOptions } from "./mqtt.ts";
export { mariadb, mysql, type MysqlClient, type MysqlOptions } from "./mysql.ts";
export { nats, type NatsClient, type NatsOptions } from "./nats.ts";
export { ntp, type NtpOptions } from "./ntp.ts";
export { otlp, type OtlpOptions } from "./otlp.ts";
export { postgres, type PostgresClient, type PostgresOptions } from "./postgres.ts";
export { rabbitmq, type RabbitmqOptions } from "./rabbitmq.ts";
export { alertmanager, prometheus, type ReadyEndpointOptions } from "./ready-endpoint.ts";
export { redis, redis as valkey, type RedisClient, type RedisOptions } from "./redis.ts";
export { s3, type S3Options } from "./s3.ts";
export { smtp, type SmtpOptions } from "./smtp.ts";
export {
  cgroupMemory,
  cpu,
  descriptors,
  disk,
  type DiskOptions,
  eventLoop,
  type EventLoopOptions,
  heap,
  memory,
  type PercentOptions,
  pressure,
  type PressureOptions,
} from "./system-checks.ts";
export type { SystemCheckOptions } from "./system-source.ts";
export { tcp, type TcpOptions } from "./tcp.ts";
export { tlsCertificate, type TlsCertificateOptions } from "./tls-certificate.ts";
export { websocket, type WebsocketOptions } from "./websocket.ts";
