// Who a process is: name, version and environment, the three things every log line and every deploy asks for.

/** The processes of the shop. */
export type ServiceName =
  | "gateway"
  | "orders"
  | "payments"
  | "pipelines"
  | "traffic"
  | "supervisor";

/** Name, version and environment of a process. */
export type Service = {
  readonly name: ServiceName;
  readonly version: string;
  readonly environment: string;
};

/** The version of each process that is live; SHOP_VERSION overrides it during a roll-out. */
export const liveVersions: Readonly<Record<ServiceName, string>> = {
  gateway: "2.3.1",
  orders: "1.4.0",
  payments: "3.0.2",
  pipelines: "1.1.0",
  traffic: "0.3.0",
  supervisor: "0.1.0",
};

/** The identity of this process: `SHOP_VERSION` and `SHOP_ENVIRONMENT`, or the live version in "development". */
export function thisService(name: ServiceName): Service {
  return {
    name,
    version: process.env["SHOP_VERSION"] ?? liveVersions[name],
    environment: process.env["SHOP_ENVIRONMENT"] ?? "development",
  };
}
