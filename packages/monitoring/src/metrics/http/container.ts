// Whether this process runs inside a container: there, probes and scrapes come from outside its loopback.
//
//   /.dockerenv                    Docker            KUBERNETES_SERVICE_HOST   any pod
//   /run/.containerenv             Podman            container                 systemd-nspawn, Podman, LXC
//                                                    ECS_CONTAINER_METADATA_URI_V4   Amazon ECS

import { existsSync } from "node:fs";

const MARKER_FILES = ["/.dockerenv", "/run/.containerenv"];
const MARKER_VARIABLES = ["KUBERNETES_SERVICE_HOST", "container", "ECS_CONTAINER_METADATA_URI_V4"];

/** Whether the files and the environment are those of a container. */
export function isInContainer(
  env: Readonly<Record<string, string | undefined>> = process.env,
  exists: (file: string) => boolean = existsSync,
): boolean {
  return MARKER_VARIABLES.some((name) => (env[name] ?? "") !== "") || MARKER_FILES.some(exists);
}
