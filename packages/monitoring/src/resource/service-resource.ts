// The resource of this process: what is found out about it, below what somebody says.
//
//   detectors  <  telemetry.sdk.*  <  attributes given (OTEL_RESOURCE_ATTRIBUTES, options)  <  service, version, environment
//
// Source: https://opentelemetry.io/docs/specs/otel/resource/sdk/

import { SDK_VERSION } from "../sdk-version.ts";
import { detectResource, type DetectorName, type ResourceAttributes } from "./detect-resource.ts";

/** What somebody says about the service. */
export interface ServiceIdentity {
  readonly service?: string | undefined;
  readonly version?: string | undefined;
  readonly environment?: string | undefined;
  readonly resource?: ResourceAttributes | undefined;
  readonly detectors?: readonly DetectorName[] | undefined;
}

/** All attributes; a service without any name is `unknown_service:node`, as the specification has it. */
export function serviceResource(identity: ServiceIdentity = {}): ResourceAttributes {
  const { service, version, environment, resource, detectors } = identity;
  const all: ResourceAttributes = {
    "service.name": "unknown_service:node",
    ...detectResource(detectors),
    "telemetry.sdk.name": "flx",
    "telemetry.sdk.language": "nodejs",
    "telemetry.sdk.version": SDK_VERSION,
    ...resource,
    ...(service === undefined ? {} : { "service.name": service }),
    ...(version === undefined ? {} : { "service.version": version }),
    ...(environment === undefined ? {} : { "deployment.environment.name": environment }),
  };
  return all;
}
