// What all probes are told.

/** HTTP statuses from one to another, both included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** The files and names of TLS. */
export interface ProbeTls {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
  readonly insecure: boolean;
}

/** How to ask. */
export interface ProbeOptions {
  /** Milliseconds for one try. */
  readonly timeoutMs: number;
  /** HTTP statuses that are healthy. */
  readonly expected: readonly StatusRange[];
  /** gRPC: whose health. */
  readonly service: string;
  readonly protocol: "grpc.health.v1" | "flx.v1";
  readonly token: string | undefined;
  readonly tls: ProbeTls;
}
